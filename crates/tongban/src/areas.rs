//! 区的清单：加一个区，就在这里加一行。

use tongban_web::Area;

/// 全部区，底层在前。
#[must_use]
pub fn all() -> Vec<Area> {
    vec![
        tongban_system::area(),
        tongban_directory::area(),
        tongban_parties::area(),
        tongban_messages::area(),
        tongban_items::area(),
        tongban_credentials::area(),
        tongban_cases::area(),
        tongban_hall::area(),
        tongban_evaluation::area(),
        tongban_indicators::area(),
        tongban_portal::area(),
        tongban_desk::area(),
    ]
}
