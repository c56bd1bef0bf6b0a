//! 账号规则：口令强度、会话期限、注册表单检查。纯函数。

pub mod grants;

use jiff::civil::Date;
use jiff::SignedDuration;
use tongban_kernel::Problem;
use tongban_kernel::codes::{self, IdNumber, Mobile};
use tongban_kernel::problem::Checks;

/// 闲置多久失效（accounts §5.3）。
pub const IDLE: SignedDuration = SignedDuration::from_mins(30);
/// `seen` 至多多久写一次（foundations §7）。
pub const SEEN_EVERY: SignedDuration = SignedDuration::from_mins(5);
/// 验证码有效期（accounts §7）。
pub const CODE_LIFE: SignedDuration = SignedDuration::from_mins(10);
/// 两次验证码至少隔多久。
pub const CODE_EVERY: SignedDuration = SignedDuration::from_secs(60);
/// 一个验证码至多试几次。
pub const CODE_TRIES: i64 = 5;

/// 居民身份证的证件类型码。
pub const ID_CARD: &str = "111";

/// 口令：至少 10 位、含三类字符（accounts §5.3）。
///
/// # Errors
/// 说清缺什么。
pub fn check_password(password: &str) -> Result<(), String> {
    let classes = [
        password.chars().any(|c| c.is_ascii_lowercase()),
        password.chars().any(|c| c.is_ascii_uppercase()),
        password.chars().any(|c| c.is_ascii_digit()),
        password.chars().any(|c| !c.is_ascii_alphanumeric()),
    ];
    if password.chars().count() < 10 {
        return Err("口令至少 10 位，比如三个不相干的词加数字".to_owned());
    }
    if password.len() > 200 {
        return Err("口令太长，请不要超过 200 个字符".to_owned());
    }
    if classes.into_iter().filter(|has| *has).count() < 3 {
        return Err("口令要含大写字母、小写字母、数字、符号里的至少三类".to_owned());
    }
    Ok(())
}

/// 检查过的注册内容。
pub struct Checked {
    pub name: String,
    pub id: IdNumber,
    pub mobile: Mobile,
}

/// 注册表单，一次说全。
///
/// # Errors
/// `validation-failed`。
pub fn check_registration(name: &str, id_number: &str, mobile: &str, today: Date) -> Result<Checked, Problem> {
    let mut checks = Checks::new();
    let name = checks.take("name", codes::person_name(name));
    let id = checks.take("id_number", IdNumber::parse(id_number, today));
    let mobile = checks.take("mobile", Mobile::parse(mobile));
    checks.finish()?;
    match (name, id, mobile) {
        (Some(name), Some(id), Some(mobile)) => Ok(Checked { name, id, mobile }),
        _ => Err(Problem::field("name", "required", "请把内容填完整")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    #[test]
    fn weak_passwords_are_told_what_they_lack() {
        assert!(check_password("Tongban-2026").is_ok());
        assert!(check_password("short").unwrap_err().contains("10 位"));
        assert!(check_password("alllowercase1").unwrap_err().contains("三类"));
    }

    #[test]
    fn every_mistake_is_reported_at_once() {
        let problem = check_registration("", "123", "999", date(2026, 11, 22)).err().unwrap();
        let fields: Vec<&str> = problem.errors.iter().map(|e| e.field()).collect();
        assert_eq!(fields, ["name", "id_number", "mobile"]);
        let checked = check_registration("王小明", " 510811199003070017 ", "139 0000 0000", date(2026, 11, 22)).ok().unwrap();
        assert_eq!((checked.id.region(), checked.mobile.as_str()), ("510811", "13900000000"));
    }
}
