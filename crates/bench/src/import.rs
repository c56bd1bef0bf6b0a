//! 行业系统成批补录：造一组 XLSX，经页面交上去，量每秒多少行与多占的内存，与同样语句的成批重放相比。

use std::fmt::Write;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use tongban_documents::table::{self, Cell, Column, Format, Kind};

use crate::client::Connection;
use crate::measure::{Bench, cookie};
use crate::raw::Raw;

/// 一份表多少行。
const ROWS: u64 = 50_000;
const BOUNDARY: &str = "tongban-bench";
const TITLES: [&str; 9] = ["业务编号", "事项编码", "申请人", "证件号码", "联系手机", "受理时间", "办结时间", "结果", "说明"];

impl Bench {
    /// 补录 `rows` 行。
    pub async fn import(&self, rows: u64, raw: &Raw) -> Result<()> {
        let before = self.server.anonymous()?;
        let (mut highest, mut took) = (before, Duration::ZERO);
        let run = self.run_name();
        let mut first = 0;
        while first < rows {
            let size = ROWS.min(rows - first);
            let file = sheet(&self.code, &run, first, size)?;
            let begun = Instant::now();
            let page = self.hand_in(&file, first).await?;
            loop {
                let text = self.page(&page).await?;
                highest = highest.max(self.server.anonymous()?);
                if !text.contains("<progress") {
                    ensure!(text.contains(&format!("新补 <b class=\"num\">{size}</b>")), "有行没有补上：{}", text.chars().take(3000).collect::<String>());
                    break;
                }
                ensure!(begun.elapsed() < Duration::from_secs(900), "一份表一刻钟还没有补完");
                tokio::time::sleep(Duration::from_millis(200)).await;
            }
            took += begun.elapsed();
            first += size;
        }
        let rate = rows as f64 / took.as_secs_f64();
        println!("行业系统补录 {rows} 行（XLSX，每份 {ROWS} 行）{:.1} 秒，{rate:.0} 行/秒，最多多占 {:.0} MiB", took.as_secs_f64(), highest - before);
        println!("    同样的 {} 条语句成批重放 {:.0}/秒，比值 {:.0}%（限 25%）", raw.link_statements, raw.links, rate / raw.links * 100.0);
        Ok(())
    }

    async fn page(&self, path: &str) -> Result<String> {
        let mut connection = Connection::open(self.server.port, &cookie(&self.clerk)).await?;
        let answer = connection.get(path).await?;
        ensure!(answer.status == 200, "{path} 回答 {}", answer.status);
        Ok(String::from_utf8_lossy(&answer.body).into_owned())
    }

    /// 交一份表、照认出的对照开始；回答看进度的网址。
    async fn hand_in(&self, file: &[u8], first: u64) -> Result<String> {
        let form = self.page("/desk/sync/imports").await?;
        let token = hidden(&form, "_csrf").context("没有表单令牌")?;
        let action = form.split("action=\"").find(|rest| rest.starts_with("/desk/sync/imports?")).and_then(|rest| rest.split('"').next()).unwrap_or("/desk/sync/imports").replace("&amp;", "&").replace("&#38;", "&");
        let path = if action.contains('?') { action } else { format!("{action}?_csrf={token}") };
        let mut body = Vec::with_capacity(file.len() + 500);
        body.extend_from_slice(format!("--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"system\"\r\n\r\n压测系统\r\n--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"file\"; filename=\"p{first}.xlsx\"\r\ncontent-type: application/octet-stream\r\n\r\n").as_bytes());
        body.extend_from_slice(file);
        body.extend_from_slice(format!("\r\n--{BOUNDARY}--\r\n").as_bytes());
        let mut connection = Connection::open(self.server.port, &cookie(&self.clerk)).await?;
        let answer = connection.post_bytes(&format!("multipart/form-data; boundary={BOUNDARY}"), &path, "", &body).await?;
        let page = answer.location().with_context(|| format!("表没有交上：{} {}", answer.status, String::from_utf8_lossy(&answer.body)))?;
        let preview = self.page(&page).await?;
        let mut fields = serde_urlencoded::to_string([("_csrf", hidden(&preview, "_csrf").context("没有表单令牌")?), ("coverage", "part".to_owned())])?;
        for (code, title) in ["number", "code", "name", "id_number", "mobile", "accepted_at", "decided_at", "outcome", "reason"].iter().zip(TITLES) {
            write!(fields, "&{}", serde_urlencoded::to_string([(*code, title)])?)?;
        }
        // 服务端读完最后一个分隔就不再读，连接可能已经关了：另开一条
        let mut connection = Connection::open(self.server.port, &cookie(&self.clerk)).await?;
        let begun = connection.post_form(&page, "", &fields).await?;
        ensure!(begun.status == 303, "补录没有开始：{} {}", begun.status, String::from_utf8_lossy(&begun.body));
        Ok(page)
    }
}

fn hidden(page: &str, name: &str) -> Option<String> {
    page.split(&format!("name=\"{name}\" value=\"")).nth(1)?.split('"').next().map(str::to_owned)
}

/// 一份表：编号不重，时间在最近几个月里。
fn sheet(code: &str, run: &str, first: u64, size: u64) -> Result<Vec<u8>> {
    let columns = TITLES.iter().map(|title| Column::new(*title, "", Kind::Text)).collect();
    let rows: Vec<Vec<Cell>> = (first..first + size)
        .map(|n| {
            let day = 1 + n % 28;
            let month = 6 + n % 4;
            let cells = [
                format!("{run}-{n}"),
                code.to_owned(),
                "王小明".to_owned(),
                "510811199003070017".to_owned(),
                format!("139{:08}", n % 100_000_000),
                format!("2026-{month:02}-{day:02} 09:00"),
                format!("2026-{month:02}-{day:02} 16:00"),
                "准予".to_owned(),
                String::new(),
            ];
            cells.into_iter().map(Cell::from).collect()
        })
        .collect();
    Ok(table::write(Format::Xlsx, "补录", columns, &rows)?)
}
