//! 旅程 B：窗口收一件常办的，承办、审核、批准、送达，四个人接着办完——有没有脚本、电脑还是手机，都走得通，整件九十秒以内。

use std::time::{Duration, Instant};

use fantoccini::Locator;

use crate::browser::Browser;
use crate::house::House;
use crate::sign_in;

/// 一件从收到送至多用多久；包括四次登录。
const WITHIN: Duration = Duration::from_secs(90);

#[tokio::test(flavor = "multi_thread")]
async fn a_routine_case_goes_from_the_window_to_delivery_without_scripts() {
    if std::env::var_os("TONGBAN_TEST_BROWSER").is_none() {
        eprintln!("注意：没有设 TONGBAN_TEST_BROWSER，跳过浏览器旅程；完整测试请用 cargo xtask test");
        return;
    }
    let house = House::demo(200).await;
    let all = async {
        for (scripts, width, id_number) in [(true, 1440, "510811197101010019"), (false, 1440, "510811197201010016"), (false, 390, "510811198512120022")] {
            let begun = Instant::now();
            routine(&house, scripts, width, id_number).await;
            let took = begun.elapsed();
            assert!(took < WITHIN, "脚本 {scripts}、{width} 像素，用了 {took:?}");
            eprintln!("旅程 B：脚本 {scripts}、{width} 像素，用了 {took:?}");
        }
    };
    tokio::time::timeout(Duration::from_secs(600), all).await.expect("旅程十分钟没有走完");
}

async fn routine(house: &House, scripts: bool, width: u32, id_number: &str) {
    let shot = |step: &str| format!("desk-b-{step}-{width}-{}", if scripts { "js" } else { "plain" });
    let page = Browser::open(&house.url, scripts, width).await.unwrap();
    sign_in(&page, "window_clerk").await;
    intake(&page, width, id_number).await;
    let case = page.path().await;
    assert!(case.starts_with("/desk/cases/"), "没有收成：{}", page.text().await);
    page.check(&shot("received")).await;
    tick_all(&page).await;
    page.click(".actbar [formaction$='/accept']").await;
    page.sees("审查中").await;
    page.close().await;
    for (login, action) in [("handler", "forward"), ("reviewer", "forward"), ("approver", "decide"), ("delivery_clerk", "deliver")] {
        let page = Browser::open(&house.url, scripts, width).await.unwrap();
        sign_in(&page, login).await;
        act(&page, &case, login, action, &shot(login)).await;
        page.close().await;
    }
}

/// 从菜单进收件，找事项，一页录完。
async fn intake(page: &Browser, width: u32, id_number: &str) {
    if width < 500 {
        page.click("a.menulink[href='#menu']").await;
    }
    page.click("nav.snav a[href='/desk/new']").await;
    page.fill("#q", "食品").await;
    page.press("找事项").await;
    page.press("经营许可核发").await;
    for (field, value) in [("name", "王小明"), ("id_number", id_number), ("mobile", "13900008888")] {
        page.fill(&format!("input[name={field}]"), value).await;
    }
    for value in ["kind.restaurant", "room.rent"] {
        page.click(&format!("input[value='{value}']")).await;
    }
    let mut picked = Vec::new();
    for field in page.client.find_all(Locator::Css("main form[method=post] input")).await.unwrap() {
        let attr = async |name: &'static str| field.attr(name).await.unwrap().unwrap_or_default();
        let (name, kind) = (attr("name").await, attr("type").await);
        match kind.as_str() {
            // 材料逐份勾“齐”；别的每组勾头一个
            "radio" if name.starts_with("m_") && attr("value").await == "paper" => press_key(&field, " ").await,
            "radio" if name.starts_with("m_") || name.starts_with("s_") || ["who", "delivery"].contains(&name.as_str()) => {}
            "radio" | "checkbox" if !picked.contains(&name) && !["allow_same", "express"].contains(&name.as_str()) => {
                picked.push(name);
                press_key(&field, " ").await;
            }
            // 姓名上面填过了，一样的不用再填
            "text" if !["contact", "summary", "f_name"].contains(&name.as_str()) && field.prop("value").await.unwrap().unwrap_or_default().is_empty() => {
                let number = !attr("inputmode").await.is_empty();
                field.send_keys(if number { "46" } else { "新街一号" }).await.unwrap();
            }
            _ => {}
        }
    }
    page.click("main form button.btn-l").await;
}

/// 材料逐份核过。
async fn tick_all(page: &Browser) {
    for choice in page.client.find_all(Locator::Css("input[type=radio][name^='m_'][value=ok]")).await.unwrap() {
        press_key(&choice, " ").await;
    }
}

async fn press_key(element: &fantoccini::elements::Element, key: &str) {
    element.send_keys(key).await.unwrap();
}

async fn act(page: &Browser, case: &str, login: &str, action: &str, shot: &str) {
    page.go(case).await;
    let link = format!(".actbar [formaction$='/{action}'], .actbar [href$='/{action}']");
    assert!(page.has(&link).await, "{login} 不能 {action}：{}", page.text().await);
    page.click(&link).await;
    if page.path().await.contains("/actions/") {
        page.check(shot).await;
        if action == "decide" {
            page.click("main form input[value=granted]").await;
        } else {
            page.fill("input[name=receiver]", "王小明").await;
        }
        page.click("main form button.btn-p").await;
    }
    // 要出证照的等签好才能送达：系统说清楚，再按一次
    for _ in 0..40 {
        if !page.text().await.contains("还没有签好") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
        page.click("main form button.btn-p").await;
    }
    assert_eq!(page.path().await, case, "{login} {action}：{}", page.text().await);
    page.check(&format!("{shot}-after")).await;
    if action == "deliver" {
        page.sees("已办结").await;
        assert!(!page.has(&link).await, "已经送达");
    }
}
