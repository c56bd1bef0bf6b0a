//! 事项员的活，一次鼠标也不用：目录下发 → 认领 → 逐页编辑 → 上报 → 被退回 → 再上报 → 审核 → 发布 → 群众看到。

use fantoccini::Locator;

use crate::browser::Browser;
use crate::house::House;
use crate::sign_in;

/// 行政审批局的信用代码。
const BUREAU: &str = "11510811MB0000027M";
/// 一页上至多按这么多次 Tab。
const MOST_TABS: usize = 500;
const ENTER: &str = "\u{E007}";
const TAB: &str = "\u{E004}";

/// 各分页填什么：分页、栏名与内容；`=` 开头的是勾选的值。
const PAGES: &[(&str, &[(&str, &str)])] = &[
    (
        "basic",
        &[
            ("summary", "想开一家小店的人来办"),
            ("aliases", "开小店"),
            ("objects", "=1"),
            ("person_themes", "=030"),
            ("project_type", "=2"),
            ("forms", "=1"),
            ("legal", "20"),
            ("promise", "5"),
            ("visits", "0"),
            ("online_steps", "=2"),
            ("online_here", "=1"),
        ],
    ),
    ("materials", &[("m_name", "居民身份证"), ("m_hint", "两面都要")]),
    ("steps", &[("steps", "受理｜窗口收件｜1"), ("result_name", "准予通知书"), ("result_types", "=20")]),
    ("service", &[("ab_post", "=1")]),
    (
        "places",
        &[
            ("places", "区政务服务中心｜3 号窗｜元坝镇京兆路｜周一至周五 9:00—17:00｜0839-8720001｜"),
            ("consult_phone", "0839-8721001"),
            ("supervise_phone", "12345"),
        ],
    ),
    ("basis", &[("basis", "《中华人民共和国行政许可法》｜｜第十二条｜"), ("conditions", "年满十八周岁")]),
    ("faq", &[("faq", "要跑几次｜不用跑，网上办")]),
];

#[tokio::test(flavor = "multi_thread")]
async fn an_editor_publishes_without_a_mouse_and_without_scripts() {
    if std::env::var_os("TONGBAN_TEST_BROWSER").is_none() {
        eprintln!("注意：没有设 TONGBAN_TEST_BROWSER，跳过浏览器旅程；完整测试请用 cargo xtask test");
        return;
    }
    let house = House::demo(200).await;
    let both = async {
        editor_publishes(&house, true, 1440, "510177771000", "键盘开店许可").await;
        editor_publishes(&house, false, 390, "510177772000", "没有脚本的开店许可").await;
    };
    tokio::time::timeout(std::time::Duration::from_secs(600), both).await.expect("旅程十分钟没有走完");
}

/// 一直按 Tab，直到焦点在 `css` 上。
async fn reach(page: &Browser, css: &str) -> fantoccini::elements::Element {
    let (css, here) = (css.to_owned(), page.path().await);
    for _ in 0..MOST_TABS {
        let there = page.client.execute("return document.activeElement.matches(arguments[0])", vec![css.clone().into()]).await.unwrap();
        let focused = page.client.active_element().await.unwrap();
        if there == true {
            return focused;
        }
        focused.send_keys(TAB).await.unwrap();
    }
    panic!("{here} 上用键盘到不了 {css}");
}

async fn enter(page: &Browser, css: &str) {
    reach(page, css).await.send_keys(ENTER).await.unwrap();
    page.settle().await;
}

/// 填一栏，或勾一个选项。
async fn put(page: &Browser, name: &str, text: &str) {
    if let Some(value) = text.strip_prefix('=') {
        // 一组单选里 Tab 只到其中一个，先到这一组，再用方向键挑
        let radio = page.has(&format!("input[type=radio][name={name}]")).await;
        let css = if radio { format!("input[name={name}]") } else { format!("input[name={name}][value=\"{value}\"]") };
        let mut found = reach(page, &css).await;
        for _ in 0..10 {
            if found.attr("value").await.unwrap().as_deref() == Some(value) {
                break;
            }
            found.send_keys("\u{E015}").await.unwrap();
            found = page.client.active_element().await.unwrap();
        }
        if !found.is_selected().await.unwrap() {
            found.send_keys(" ").await.unwrap();
        }
        return;
    }
    let field = reach(page, &format!("[name={name}]")).await;
    field.clear().await.unwrap();
    field.send_keys(text).await.unwrap();
}

/// 管理员下发一条目录；选文件只能由浏览器代劳。
async fn dispatch(page: &Browser, house: &House, code: &str, name: &str) {
    let file = house.data.join(format!("{code}.csv"));
    std::fs::write(&file, format!("CATALOGCODE,TASKNAME,TASKTYPE,USELEVEL,DEPTCODE\n{code},{name},01,4,{BUREAU}\n")).unwrap();
    page.go("/catalog/imports").await;
    put(page, "kind", "=catalogue").await;
    page.client.find(Locator::Css("input[type=file]")).await.unwrap().send_keys(file.to_str().unwrap()).await.unwrap();
    page.click("main form button.btn-p").await;
    for _ in 0..100 {
        if page.text().await.contains("导入完成") {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        page.client.refresh().await.unwrap();
    }
    panic!("目录没有导入完：{}", page.text().await);
}

/// 走一遍；`scripts` 关着也要走得通。
async fn editor_publishes(house: &House, scripts: bool, width: u32, code: &str, name: &str) {
    let shot = |step: &str| format!("items-{step}-{width}");
    let chief = Browser::open(&house.url, scripts, width).await.unwrap();
    sign_in(&chief, "bureau_admin").await;
    dispatch(&chief, house, code, name).await;
    let editor = Browser::open(&house.url, scripts, width).await.unwrap();
    sign_in(&editor, "item_editor").await;
    editor.go("/catalog?tab=pending_claim").await;
    editor.check(&shot("pool")).await;
    enter(&editor, &format!("form[action*='{code}'][action$='/claim'] button")).await;
    let item = format!("{BUREAU}4{code}01");
    editor.go(&format!("/catalog/items/{item}")).await;
    for (tab, fields) in PAGES {
        editor.go(&format!("/catalog/items/{item}/edit/{tab}")).await;
        for (name, text) in *fields {
            put(&editor, name, text).await;
        }
        enter(&editor, "main form p.acts button.btn-p").await;
        editor.sees("已保存").await;
        editor.check(&shot(tab)).await;
    }
    editor.go(&format!("/catalog/items/{item}")).await;
    editor.check(&shot("ready")).await;
    enter(&editor, "form[action$='/actions/report'] button").await;
    editor.sees("待审核").await;

    chief.go(&format!("/catalog/items/{item}/review")).await;
    put(&chief, "note_text", "名称再核一遍").await;
    chief.check(&shot("review")).await;
    enter(&chief, "main form button.btn-r").await;
    editor.go(&format!("/catalog/items/{item}")).await;
    editor.sees("名称再核一遍").await;
    enter(&editor, "form[action$='/actions/report'] button").await;
    chief.go(&format!("/catalog/items/{item}/review")).await;
    enter(&chief, "main form button[formaction$='/approve']").await;
    chief.go(&format!("/catalog/items/{item}")).await;
    enter(&chief, "form[action$='/actions/publish'] button").await;
    chief.sees("在用").await;
    chief.check(&shot("published")).await;

    let citizen = Browser::open(&house.url, scripts, width).await.unwrap();
    citizen.go(&format!("/items/{item}")).await;
    citizen.sees(name).await;
    citizen.sees("5 个工作日").await;
    citizen.sees("AB 岗").await;
    citizen.check(&shot("guide")).await;
    for page in [chief, editor, citizen] {
        page.close().await;
    }
}
