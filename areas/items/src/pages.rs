//! 页面：薄薄一层，取参、调用、渲染。

pub mod bundles;
pub mod catalog_list;
pub mod correct;
pub mod desk;
pub mod edit;
pub mod events;
pub mod exchange;
pub mod guide;
pub mod intake;
pub mod list;
pub mod review;
pub mod samples;
pub mod search;
