//! 配置：默认值、配置文件、环境变量，后者盖前者；每个值记得自己从哪里来。

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail};
use serde::Deserialize;

/// 一个值的来处。
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    Default,
    File,
    Environment,
}

impl Source {
    pub const fn label(self) -> &'static str {
        match self {
            Self::Default => "默认",
            Self::File => "配置文件",
            Self::Environment => "环境变量",
        }
    }
}

/// 认识的配置项：名字、默认值、说明。环境变量是 `TONGBAN_` 加大写的名字。
pub const KEYS: &[(&str, &str, &str)] = &[
    ("data", "data", "数据文件夹"),
    ("database", "", "数据库：SQLite 文件路径，或 postgres://用户:口令@主机/库；空为数据文件夹里的 tongban.db"),
    ("listen", "127.0.0.1:8080", "监听地址"),
    ("base_url", "", "对外网址，二维码与短信用；空为 http://监听地址"),
    ("site", "昭化一网通办", "站点名称"),
    ("owner", "广元市昭化区行政审批局", "主办机构"),
    ("files", "", "附件：文件夹路径，或 s3://桶/前缀（需以 s3 特性构建）；空为数据文件夹里的 files"),
    ("key_file", "", "主钥文件；空为数据文件夹里的 master.key"),
    ("connections", "0", "数据库连接数，0 为自动"),
    ("requests_per_minute", "600", "每个来源每分钟多少次请求，0 不限"),
    ("trust_proxy", "false", "相信反向代理的 X-Forwarded-For"),
    ("https", "false", "站点走 HTTPS：Cookie 加 Secure，发 HSTS"),
    ("demo", "false", "演示环境：页面顶部黑条，注册验证码直接显示"),
    ("upload_mb", "20", "单份上传上限，MB"),
    ("private_endpoints", "false", "允许把事件推送与短信请求发到内网、本机地址"),
    ("sms_url", "", "短信网关网址；空为没有通道，短信留在出箱里"),
    ("sms_secret", "", "短信网关的签名密钥（whsec_ 开头）"),
    ("default_rating_days", "0", "办结后几个自然日没人评就记一条系统默认“基本满意”（永不计入主动评价率与满意率）；0 为不记"),
    ("font", "", "文书用的中文字体文件；空为在系统字体里找（思源宋体、Noto CJK、文泉驿等）"),
];

/// 全部配置。
#[derive(Debug, Clone)]
pub struct Settings {
    values: BTreeMap<&'static str, (String, Source)>,
}

#[derive(Deserialize)]
#[serde(transparent)]
struct File(BTreeMap<String, toml::Value>);

impl Settings {
    /// 读配置文件（可以没有）与环境变量。
    ///
    /// # Errors
    /// 文件写错，或有不认识的项。
    pub fn load(file: Option<&Path>) -> Result<Self> {
        Self::build(file, |name| std::env::var(name).ok())
    }

    fn build(file: Option<&Path>, environment: impl Fn(&str) -> Option<String>) -> Result<Self> {
        let mut values: BTreeMap<_, _> = KEYS.iter().map(|(key, default, _)| (*key, ((*default).to_owned(), Source::Default))).collect();
        if let Some(path) = file {
            let text = std::fs::read_to_string(path).with_context(|| format!("读配置文件 {}", path.display()))?;
            let File(found) = toml::from_str(&text).with_context(|| format!("配置文件 {} 写错了", path.display()))?;
            for (key, value) in found {
                let Some((known, _, _)) = KEYS.iter().find(|(known, _, _)| *known == key) else {
                    bail!("配置文件里有不认识的项 {key}；认识的有：{}", KEYS.iter().map(|k| k.0).collect::<Vec<_>>().join("、"));
                };
                let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
                values.insert(known, (text, Source::File));
            }
        }
        for (key, _, _) in KEYS {
            if let Some(value) = environment(&format!("TONGBAN_{}", key.to_uppercase())) {
                values.insert(key, (value, Source::Environment));
            }
        }
        Ok(Self { values })
    }

    /// 一项的值；`key` 必须在 [`KEYS`] 里。
    #[must_use]
    pub fn get(&self, key: &str) -> &str {
        self.values.get(key).map_or("", |(value, _)| value)
    }

    /// 一项的来处。
    #[must_use]
    pub fn source(&self, key: &str) -> Source {
        self.values.get(key).map_or(Source::Default, |(_, source)| *source)
    }

    /// 命令行给的值盖过一切。
    pub fn set(&mut self, key: &'static str, value: String) {
        self.values.insert(key, (value, Source::Environment));
    }

    #[must_use]
    pub fn flag(&self, key: &str) -> bool {
        matches!(self.get(key), "1" | "true" | "yes" | "是")
    }

    /// # Errors
    /// 不是数。
    pub fn number(&self, key: &str) -> Result<u32> {
        self.get(key).parse().with_context(|| format!("配置项 {key} 应为整数，现在是“{}”", self.get(key)))
    }

    #[must_use]
    pub fn data(&self) -> PathBuf {
        PathBuf::from(self.get("data"))
    }

    fn or_in_data(&self, key: &str, name: &str) -> String {
        if self.get(key).is_empty() { self.data().join(name).display().to_string() } else { self.get(key).to_owned() }
    }

    #[must_use]
    pub fn database(&self) -> String {
        self.or_in_data("database", "tongban.db")
    }

    #[must_use]
    pub fn files(&self) -> String {
        self.or_in_data("files", "files")
    }

    #[must_use]
    pub fn key_file(&self) -> PathBuf {
        PathBuf::from(self.or_in_data("key_file", "master.key"))
    }

    #[must_use]
    pub fn base_url(&self) -> String {
        if self.get("base_url").is_empty() { format!("http://{}", self.get("listen")) } else { self.get("base_url").trim_end_matches('/').to_owned() }
    }

    /// 数据库地址，口令换成星号，给人看。
    #[must_use]
    pub fn shown_database(&self) -> String {
        let url = self.database();
        match (url.find("://"), url.rfind('@')) {
            (Some(scheme), Some(at)) if scheme < at => {
                let user = url[scheme + 3..at].split(':').next().unwrap_or("");
                format!("{}{user}:***{}", &url[..scheme + 3], &url[at..])
            }
            _ => url,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_environment_wins_and_every_value_knows_its_source() {
        let folder = std::env::temp_dir().join("tongban-config-test");
        std::fs::create_dir_all(&folder).unwrap();
        let file = folder.join("tongban.toml");
        std::fs::write(&file, "listen = \"0.0.0.0:80\"\ndemo = true\nupload_mb = 5\n").unwrap();
        let settings = Settings::build(Some(&file), |name| (name == "TONGBAN_LISTEN").then(|| "127.0.0.1:9".to_owned())).unwrap();
        assert_eq!((settings.get("listen"), settings.source("listen")), ("127.0.0.1:9", Source::Environment));
        assert!(settings.flag("demo"));
        assert_eq!((settings.number("upload_mb").unwrap(), settings.source("upload_mb")), (5, Source::File));
        std::fs::write(&file, "lisen = \"x\"\n").unwrap();
        assert!(Settings::build(Some(&file), |_| None).unwrap_err().to_string().contains("lisen"));
    }

    #[test]
    fn passwords_are_not_shown() {
        let settings = Settings::build(None, |name| (name == "TONGBAN_DATABASE").then(|| "postgres://u:secret@h/db".to_owned())).unwrap();
        assert_eq!(settings.shown_database(), "postgres://u:***@h/db");
    }
}
