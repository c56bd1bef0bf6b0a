//! 压测用的最小 HTTP/1.1 客户端：长连接、回环、不解析正文。

use anyhow::{Context, Result, bail};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// 一条长连接。
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
    /// 每个请求都带的头。
    headers: String,
}

/// 一次回答。
pub struct Answer {
    pub status: u16,
    pub body: Vec<u8>,
    head: String,
}

impl Answer {
    /// 跳到哪里。
    pub fn location(&self) -> Option<String> {
        self.head.lines().find_map(|line| line.strip_prefix("location: ")).map(|rest| rest.trim().to_owned())
    }

    /// 回答种下的 Cookie。
    pub fn cookie(&self, name: &str) -> Option<String> {
        let start = format!("set-cookie: {name}=");
        self.head.lines().find_map(|line| line.strip_prefix(&start)).map(|rest| rest.split(';').next().unwrap_or("").to_owned())
    }
}

impl Connection {
    /// 连到本机端口；`headers` 每行以 `\r\n` 结尾。
    pub async fn open(port: u16, headers: &str) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(64 * 1024), headers: headers.to_owned() })
    }

    pub async fn get(&mut self, path: &str) -> Result<Answer> {
        let request = format!("GET {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{}\r\n", self.headers);
        self.send(request.as_bytes()).await
    }

    pub async fn post(&mut self, path: &str, extra: &str, body: &str) -> Result<Answer> {
        self.post_as("application/json", path, extra, body).await
    }

    pub async fn post_form(&mut self, path: &str, extra: &str, body: &str) -> Result<Answer> {
        self.post_as("application/x-www-form-urlencoded", path, extra, body).await
    }

    async fn post_as(&mut self, media: &str, path: &str, extra: &str, body: &str) -> Result<Answer> {
        self.post_bytes(media, path, extra, body.as_bytes()).await
    }

    pub async fn post_bytes(&mut self, media: &str, path: &str, extra: &str, body: &[u8]) -> Result<Answer> {
        let request = format!(
            "POST {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{}{extra}content-type: {media}\r\ncontent-length: {}\r\n\r\n",
            self.headers,
            body.len()
        );
        self.send(&[request.as_bytes(), body].concat()).await
    }

    async fn send(&mut self, request: &[u8]) -> Result<Answer> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let head = loop {
            if let Some(end) = self.buffer.windows(4).position(|window| window == b"\r\n\r\n") {
                break end + 4;
            }
            self.read().await?;
        };
        let text = String::from_utf8_lossy(&self.buffer[..head]).to_ascii_lowercase();
        let status: u16 = text.split(' ').nth(1).and_then(|code| code.parse().ok()).context("回答没有状态码")?;
        let length = text.lines().find_map(|line| line.strip_prefix("content-length: ")?.trim().parse::<usize>().ok());
        let body = match length {
            Some(length) => {
                while self.buffer.len() < head + length {
                    self.read().await?;
                }
                self.buffer[head..head + length].to_vec()
            }
            None if text.contains("transfer-encoding: chunked") => {
                while !self.buffer.ends_with(b"0\r\n\r\n") {
                    self.read().await?;
                }
                self.buffer[head..].to_vec()
            }
            None => Vec::new(),
        };
        Ok(Answer { status, body, head: text })
    }

    async fn read(&mut self) -> Result<()> {
        if self.stream.read_buf(&mut self.buffer).await? == 0 {
            bail!("连接断了");
        }
        Ok(())
    }
}
