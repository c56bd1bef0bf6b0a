//! 口令散列：argon2，在阻塞线程上算，同时至多两份，免得占满处理器与内存。

use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use argon2::Argon2;
use tokio::sync::Semaphore;
use tongban_store::{Error, Result};

static GATE: Semaphore = Semaphore::const_new(2);

/// 没有这个账号时也照样算一遍，让人无从由快慢猜出账号在不在。
const DECOY: &str = "$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHRzb21lc2FsdA$9M1Vj7cT5Yf3v1k0sQk7w2i9mX0eYb8m5m0c6o1q3nQ";

/// 算散列；口令的强度由调用者先查。
///
/// # Errors
/// 随机源或内存不可用。
pub fn hash_now(password: &str) -> Result<String> {
    Argon2::default().hash_password(password.as_bytes()).map(|hash| hash.to_string()).map_err(|error| Error::Io(error.to_string()))
}

/// [`hash_now`]，在阻塞线程上。
///
/// # Errors
/// 随机源或内存不可用。
pub async fn hash(password: String) -> Result<String> {
    let _permit = GATE.acquire().await.map_err(|error| Error::Io(error.to_string()))?;
    tokio::task::spawn_blocking(move || hash_now(&password)).await.map_err(|error| Error::Io(error.to_string()))?
}

/// 口令对不对；`known` 为 `None` 时总是不对，但同样费时。
///
/// # Errors
/// 运行时正在关闭。
pub async fn verify(password: String, known: Option<String>) -> Result<bool> {
    let _permit = GATE.acquire().await.map_err(|error| Error::Io(error.to_string()))?;
    let exists = known.is_some();
    let text = known.unwrap_or_else(|| DECOY.to_owned());
    let right = tokio::task::spawn_blocking(move || {
        PasswordHash::new(&text).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    })
    .await
    .map_err(|error| Error::Io(error.to_string()))?;
    Ok(exists && right)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_the_right_password_opens() {
        let hash = hash("Tongban-2026".to_owned()).await.unwrap();
        assert!(verify("Tongban-2026".to_owned(), Some(hash.clone())).await.unwrap());
        assert!(!verify("tongban-2026".to_owned(), Some(hash)).await.unwrap());
        assert!(!verify("Tongban-2026".to_owned(), None).await.unwrap());
    }
}
