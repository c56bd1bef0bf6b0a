//! 卷宗：页面上做好、下载，命令行离线核对；改一个字节就看得出来。

use tongban_store::Engine;

use crate::client::{Browser, Form};
use crate::ground::Ground;

#[tokio::test(flavor = "multi_thread")]
async fn an_archive_verifies_offline_and_one_changed_byte_is_found() {
    let ground = Ground::demo(Engine::Sqlite, 250).await;
    let server = ground.serve().await;
    let keeper = Browser::signed_in(&server, "approver").await;
    let list = keeper.get("/desk/cases?tab=done").await;
    let mut found = None;
    for case in list.links().into_iter().filter(|href| href.starts_with("/desk/cases/510811-")) {
        // 链接带着来时的列表，卷宗的网址不带
        let case = case.split('?').next().unwrap_or_default().to_owned();
        let page = keeper.get(&case).await;
        if page.text.contains("现在归档") {
            found = page.forms().into_iter().find(|form| form.inputs.iter().any(|input| input.name == "_csrf")).map(|form| (case, form));
            break;
        }
    }
    // 按钮用 formaction 借别的表的令牌
    let (case, form) = found.expect("没有能归档的办件");
    let inputs = form.inputs.into_iter().filter(|input| input.name == "_csrf").collect();
    let make = Form { action: format!("{case}/archive"), multipart: false, inputs, ..form };
    assert_eq!(keeper.submit(&make).await.status, 303);

    let request = crate::client::http().get(format!("{}{case}/archive", server.url)).header("cookie", keeper.cookie());
    let answer = request.send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "application/zip");
    let mut bytes = answer.bytes().await.unwrap().to_vec();
    let file = ground.data.join("卷宗.zip");
    let path = file.to_string_lossy().into_owned();
    std::fs::write(&file, &bytes).unwrap();
    let (sound, said) = ground.attempt(&["archive", "verify", &path]);
    assert!(sound && said.contains("完整"), "{said}");

    // 第一份的正文里改一个字节
    bytes[200] ^= 1;
    std::fs::write(&file, &bytes).unwrap();
    let (sound, said) = ground.attempt(&["archive", "verify", &path]);
    assert!(!sound && said.contains("有问题"), "{said}");
}
