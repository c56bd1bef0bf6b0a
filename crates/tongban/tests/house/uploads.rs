//! 上传的坏输入：2 GB 的文件、改了名字的压缩包、断在半路的上传、读不懂编码的表格。

use std::io::Write;
use std::time::{Duration, Instant};

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tongban_store::Engine;

use crate::client::{Browser, Form, Kind};
use crate::ground::{Ground, Server};

/// 登录的群众走到要传材料的一步，回答那张上传表。
async fn upload_form(server: &Server, browser: &Browser) -> Form {
    let list: Value = crate::client::http().get(format!("{}/api/v1/items?complete=true&limit=100", server.url)).send().await.unwrap().json().await.unwrap();
    for item in list["items"].as_array().unwrap() {
        let page = browser.get(&format!("/apply/{}", item["code"].as_str().unwrap())).await;
        let Some(begin) = page.forms().into_iter().find(|form| form.action.starts_with("/apply/")) else { continue };
        let answer = browser.submit(&begin).await;
        let Some(draft) = answer.text.strip_prefix("/a/").and_then(|rest| rest.split('/').next()) else { continue };
        let materials = browser.get(&format!("/a/{draft}/materials")).await;
        let found = materials.forms().into_iter().find(|form| form.multipart && form.inputs.iter().any(|input| input.kind == Kind::File));
        if let Some(form) = found {
            return form;
        }
    }
    panic!("没有一件事项要传材料");
}

async fn send_file(browser: &Browser, form: &Form, name: &str, content: Vec<u8>) -> (u16, String) {
    let part = reqwest::multipart::Part::bytes(content).file_name(name.to_owned());
    let answer = browser.http.post(format!("{}{}", browser.url, form.action)).multipart(reqwest::multipart::Form::new().part("file", part)).send().await.unwrap();
    (answer.status().as_u16(), answer.text().await.unwrap())
}

/// 常驻内存，MB。
fn resident(server: &Server) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", server.pid())).unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("RssAnon")).unwrap_or("0 0").to_owned();
    line.split_whitespace().nth(1).and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) / 1024
}

#[tokio::test(flavor = "multi_thread")]
async fn uploads_are_judged_by_their_content_and_size() {
    let ground = Ground::demo(Engine::Sqlite, 0).await;
    let server = ground.serve().await;
    let browser = Browser::signed_in(&server, "13900000001").await;
    let form = upload_form(&server, &browser).await;

    let zip = b"PK\x03\x04\x14\x00\x00\x00\x00\x00aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa".to_vec();
    let (status, text) = send_file(&browser, &form, "租房合同.pdf", zip).await;
    assert_eq!(status, 422);
    assert!(text.contains("内容与扩展名不符"), "{text}");
    let (status, text) = send_file(&browser, &form, "空.pdf", Vec::new()).await;
    assert!(status == 422 && text.contains("空文件"), "{status} {text}");
    let (status, text) = send_file(&browser, &form, "病毒.exe", b"MZ\x90\x00".to_vec()).await;
    assert!(status == 422 && text.contains("不能上传这种文件"), "{status} {text}");
    let (status, text) = send_file(&browser, &form, "大.pdf", [b"%PDF-1.7\n".as_slice(), &vec![b'a'; 21 * 1024 * 1024]].concat()).await;
    assert!(status == 413 && text.contains("超过 20 MB"), "{status} {text}");
    let (status, _) = send_file(&browser, &form, "好.pdf", [b"%PDF-1.7\n".as_slice(), &vec![b'a'; 15 * 1024 * 1024]].concat()).await;
    assert_eq!(status, 303, "15 MB 的 PDF 应当收下");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_two_gigabyte_upload_is_refused_without_being_held() {
    let ground = Ground::demo(Engine::Sqlite, 0).await;
    let server = ground.serve().await;
    let browser = Browser::signed_in(&server, "13900000001").await;
    let form = upload_form(&server, &browser).await;
    let before = resident(&server);
    for announced in [true, false] {
        let (status, sent) = pour(&server, &browser, &form, announced).await;
        assert_eq!(status, 413, "发了 {} MB", sent >> 20);
    }
    let after = resident(&server);
    assert!(after < before + 200, "2 GB 的上传占了 {} MB 内存", after - before);
    assert_eq!(browser.get("/me").await.status, 200);
    // 断在半路的上传什么也不留下
    let mut stream = connect(&server).await;
    stream.write_all(head(&browser, &form, Some(1 << 20)).await.as_bytes()).await.unwrap();
    stream.write_all(&opening("半截.pdf")).await.unwrap();
    drop(stream);
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert!(!browser.get(form.page.as_str()).await.text.contains("半截.pdf"));
    drop(server);
    assert!(ground.run(&["journal", "verify"]).contains("完整"));
}

async fn connect(server: &Server) -> TcpStream {
    TcpStream::connect(server.url.trim_start_matches("http://")).await.unwrap()
}

async fn head(browser: &Browser, form: &Form, length: Option<u64>) -> String {
    let cookie = browser.cookie();
    let length = length.map_or("transfer-encoding: chunked".to_owned(), |n| format!("content-length: {n}"));
    format!("POST {} HTTP/1.1\r\nhost: localhost\r\ncookie: {cookie}\r\ncontent-type: multipart/form-data; boundary=b\r\n{length}\r\n\r\n", form.action)
}

fn opening(name: &str) -> Vec<u8> {
    format!("--b\r\ncontent-disposition: form-data; name=\"file\"; filename=\"{name}\"\r\ncontent-type: application/pdf\r\n\r\n%PDF-1.7\n").into_bytes()
}

/// 往里倒 2 GB，直到对面回答或断开；回答（状态，发出了多少字节）。
async fn pour(server: &Server, browser: &Browser, form: &Form, announced: bool) -> (u16, u64) {
    const TOTAL: u64 = 2 << 30;
    let mut stream = connect(server).await;
    stream.write_all(head(browser, form, announced.then_some(TOTAL)).await.as_bytes()).await.unwrap();
    let chunk = vec![b'a'; 1 << 20];
    let framed = |bytes: &[u8]| if announced { bytes.to_vec() } else { [format!("{:x}\r\n", bytes.len()).as_bytes(), bytes, b"\r\n"].concat() };
    let (mut reader, mut writer) = stream.split();
    let pouring = async {
        let mut sent = 0_u64;
        if writer.write_all(&framed(&opening("大.pdf"))).await.is_err() {
            return sent;
        }
        let block = framed(&chunk);
        while sent < TOTAL {
            if writer.write_all(&block).await.is_err() {
                break;
            }
            sent += chunk.len() as u64;
        }
        sent
    };
    let mut answer = vec![0_u8; 1024];
    let reading = async { reader.read(&mut answer).await.unwrap_or(0) };
    let started = Instant::now();
    let (mut sent, mut read) = (0, 0);
    tokio::pin!(pouring, reading);
    tokio::select! {
        n = &mut reading => read = n,
        n = &mut pouring => sent = n,
    }
    if read == 0 {
        read = tokio::time::timeout(Duration::from_secs(60), reading).await.unwrap_or(0);
    }
    assert!(started.elapsed() < Duration::from_secs(90), "2 GB 的上传没有及早拒绝");
    let text = String::from_utf8_lossy(&answer[..read]).into_owned();
    (text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or(0), sent)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_table_in_a_broken_encoding_is_refused_whole() {
    let ground = Ground::demo(Engine::Sqlite, 0).await;
    let before = ground.count("SELECT COUNT(*) FROM items_items").await;
    for (name, content) in [
        ("乱码.csv", b"\xff\xfe\x00\xd8name,code\n\xd8\x00\xd8\x00,1\n".to_vec()),
        ("国标.csv", [b"\xd2\xbb\x80\xff\xff,".as_slice(), b"\n\xff\xff\xff\xff\n"].concat()),
        ("空.csv", Vec::new()),
        ("截断.xlsx", b"PK\x03\x04\x14\x00\x00\x00\x08\x00".to_vec()),
    ] {
        let path = ground.data.join(name);
        std::fs::File::create(&path).unwrap().write_all(&content).unwrap();
        let (ok, said) = ground.attempt(&["import", &path.display().to_string()]);
        assert!(!ok, "{name} 居然导入了：{said}");
        assert!(said.contains("没有做成"), "{name}：{said}");
        assert!(!said.contains("panicked"), "{name}：{said}");
    }
    assert_eq!(ground.count("SELECT COUNT(*) FROM items_items").await, before);
}
