//! 命令行。

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Parser, Subcommand};
use tracing_subscriber::EnvFilter;

use crate::config::Settings;
use crate::{demo, house, operate, serve};

/// 通办：一网通办平台，一个可执行文件。
#[derive(Parser)]
#[command(name = "tongban", version, about, disable_help_subcommand = true, next_display_order = None)]
struct Cli {
    /// 配置文件（TOML）；不给就只用默认值与环境变量
    #[arg(long, global = true, value_name = "文件", env = "TONGBAN_CONFIG")]
    config: Option<PathBuf>,
    /// 日志用 JSON，一行一条
    #[arg(long, global = true)]
    json_logs: bool,
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// 造一个演示县区并开始服务（数据在 ./data，已经造好就直接服务）
    Demo {
        /// 造多少办件，至多 1000000
        #[arg(long, default_value_t = 5_000, value_name = "件数", value_parser = clap::value_parser!(u64).range(0..=1_000_000))]
        cases: u64,
        /// 把演示账号另存成 JSON
        #[arg(long, value_name = "文件")]
        accounts_json: Option<PathBuf>,
        /// 造好就退出，不服务
        #[arg(long)]
        only_load: bool,
    },
    /// 开始服务
    Serve,
    /// 建表与升级
    Migrate,
    /// 导入事项清单、历史办件（CSV 或 XLSX）
    Import {
        /// 文件，可以写几份
        #[arg(required = true, value_name = "文件")]
        files: Vec<PathBuf>,
        /// 种类：county 县级清单、town 乡镇清单；catalogue 目录清单、items 实施清单（汇聚库列名，XLSX、CSV、JSON）；
        /// cases 别的系统办结的办件（断了再跑一遍接着补，重复的不会再建）
        #[arg(long, default_value = "county", value_parser = ["county", "town", "catalogue", "items", "cases"])]
        kind: String,
        /// 办件来自哪个系统（只用于 cases）
        #[arg(long, default_value = "", value_name = "名称")]
        system: String,
        /// 建平台以前的历史办件：不记补录晚、不邀评（只用于 cases）
        #[arg(long)]
        historic: bool,
        /// 有错时好的行照样导入；不写就有一处错什么也不改（只用于 catalogue、items）
        #[arg(long)]
        keep_good_rows: bool,
    },
    /// 导出：items 事项、cases 办件；catalogue 目录清单、implementations 实施清单（汇聚库列名，能原样再导入）
    Export {
        #[arg(value_parser = ["items", "cases", "catalogue", "implementations"])]
        what: String,
        /// 写到哪个文件，扩展名 csv、xlsx；目录清单与实施清单还可以是 json
        #[arg(long, value_name = "文件")]
        out: PathBuf,
    },
    /// 发一张对接凭证，明文只显示这一次
    Token {
        /// 给谁用
        #[arg(long)]
        name: String,
        /// 权限码，可以重复
        #[arg(long = "scope", required = true)]
        scopes: Vec<String>,
        /// 多少天后失效
        #[arg(long, default_value_t = 365)]
        days: i64,
    },
    /// 账号
    User {
        #[command(subcommand)]
        command: UserCommand,
    },
    /// 日志链
    Journal {
        #[command(subcommand)]
        command: JournalCommand,
    },
    /// 电子卷宗
    Archive {
        #[command(subcommand)]
        command: ArchiveCommand,
    },
    /// 备份到一个文件夹（SQLite 与附件；PostgreSQL 请用 pg_dump）
    Backup {
        /// 放在哪个文件夹，必须还不存在
        to: PathBuf,
    },
    /// 从备份恢复到一个空的数据文件夹
    Restore {
        /// 备份文件夹
        from: PathBuf,
    },
    /// 电子证照与印章
    Credentials {
        #[command(subcommand)]
        command: CredentialsCommand,
    },
    /// 看这台机器缺什么、怎么补
    Check,
}

#[derive(Subcommand)]
enum CredentialsCommand {
    /// 造一份演示证照（OFD）与它的演示根证书
    Sample {
        #[arg(long, value_name = "文件")]
        out: PathBuf,
        #[arg(long, value_name = "文件")]
        root: PathBuf,
    },
    /// 验一份 OFD：先说结论，再说为什么；只有 valid 退出码为 0
    Verify {
        file: PathBuf,
        /// 只信这张根证书（DER 或 PEM）；不给就信本平台登记的
        #[arg(long, value_name = "文件")]
        root: Option<PathBuf>,
    },
    /// 验一枚离线亮证码；只有 good 退出码为 0
    VerifyCode {
        /// `TB1.` 开头的一整段
        code: String,
        /// 离线核验证书（验真页下载的 offline.cer）；不给就用本平台的
        #[arg(long, alias = "root", value_name = "文件")]
        cert: Option<PathBuf>,
        /// 顺带核对是不是这张证照
        #[arg(long, value_name = "标识")]
        identifier: Option<String>,
    },
    /// 登记一张信任的根证书
    Trust { file: PathBuf },
}

#[derive(Subcommand)]
enum UserCommand {
    /// 重置口令，新口令从标准输入读一行
    Reset {
        /// 手机号、身份证号或工号
        login: String,
    },
    /// 给人员开账号：姓名、工号、单位全称、角色代码；口令从标准输入读一行
    Add {
        #[arg(long)]
        name: String,
        #[arg(long)]
        login: String,
        #[arg(long)]
        org: String,
        #[arg(long)]
        role: String,
        /// 实名等级：2 及以上是操作的人核过证件；0、1 的登录后要本人认证，7 天没有认证就停用
        #[arg(long, default_value_t = 2, value_name = "等级", value_parser = clap::value_parser!(i64).range(0..=3))]
        real_level: i64,
    },
}

#[derive(Subcommand)]
enum ArchiveCommand {
    /// 离线核对一份卷宗（zip）：清单里的每份都在、内容没变、没有多出来的；不要数据库
    Verify { file: PathBuf },
}

#[derive(Subcommand)]
enum JournalCommand {
    /// 从头查验整条日志链
    Verify,
}

/// 解析命令行并执行。
///
/// # Errors
/// 命令没有做成；话已经是给人看的。
pub fn run() -> Result<ExitCode> {
    let cli = Cli::parse();
    let filter = EnvFilter::try_from_env("TONGBAN_LOG").unwrap_or_else(|_| EnvFilter::new("info,tantivy=warn"));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    if cli.json_logs { logs.json().init() } else { logs.with_target(false).init() }
    let settings = Settings::load(cli.config.as_deref())?;
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().context("起运行时")?;
    runtime.block_on(execute(cli.command, settings))
}

async fn execute(command: Command, mut settings: Settings) -> Result<ExitCode> {
    match command {
        Command::Demo { cases, accounts_json, only_load } => {
            settings.set("demo", "true".to_owned());
            let app = house::open(&settings).await?;
            demo::prepare(&app, cases, accounts_json.as_deref()).await?;
            if !only_load {
                println!("演示网址 {}", settings.base_url());
                serve::run(app, settings.get("listen")).await?;
            }
        }
        Command::Serve => {
            let app = house::open(&settings).await?;
            println!("网址 {}", settings.base_url());
            serve::run(app, settings.get("listen")).await?;
        }
        Command::Migrate => {
            let done = house::migrate(&house::database(&settings).await?).await?;
            println!("新执行了 {done} 份迁移");
        }
        Command::Import { files, kind, system, historic, .. } if kind == "cases" => {
            operate::cases::import(&settings, &files, &system, historic).await?;
        }
        Command::Import { files, kind, keep_good_rows, .. } => {
            for file in &files {
                operate::tables::import(&settings, file, &kind, keep_good_rows).await?;
            }
        }
        Command::Export { what, out } => operate::tables::export(&settings, &what, &out).await?,
        Command::Token { name, scopes, days } => operate::accounts::token(&settings, &name, &scopes, days).await?,
        Command::User { command: UserCommand::Reset { login } } => operate::accounts::reset(&settings, &login).await?,
        Command::User { command: UserCommand::Add { name, login, org, role, real_level } } => {
            operate::accounts::add(&settings, &operate::accounts::Add { name, login, org, role, real_level }).await?;
        }
        Command::Journal { command: JournalCommand::Verify } => return operate::journal::verify(&settings).await,
        Command::Archive { command: ArchiveCommand::Verify { file } } => return operate::archive::verify(&file),
        Command::Backup { to } => operate::backup::backup(&settings, &to).await?,
        Command::Restore { from } => operate::backup::restore(&settings, &from)?,
        Command::Credentials { command } => {
            return match command {
                CredentialsCommand::Sample { out, root } => operate::credentials::sample(&settings, &out, &root),
                CredentialsCommand::Verify { file, root } => operate::credentials::verify(&settings, &file, root.as_deref()).await,
                CredentialsCommand::VerifyCode { code, cert, identifier } => operate::credentials::verify_code(&settings, &code, cert.as_deref(), identifier.as_deref()).await,
                CredentialsCommand::Trust { file } => operate::credentials::trust(&settings, &file).await,
            };
        }
        Command::Check => return operate::check::check(&settings).await,
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }
}
