//! 评价仪绑岗位：一岗一台、一台一岗，推给按的人的岗位，过时、离线、岗位变了；默认评价；补录。

use axum::body::Body;
use axum::http::{Request, StatusCode, header};
use jiff::{SignedDuration, Timestamp};
use tongban_directory::commands as directory;
use tongban_directory::model::{KIND_TENANT, NewOrg, NewPost, Site, Window};
use tongban_evaluation::area;
use tongban_evaluation::commands::{self, defaults, pads};
use tongban_evaluation::permissions::{INVITE, READ, RECORD, REVIEW};
use tongban_evaluation::rules::pads::{Misfit, Standing};
use tongban_evaluation::store;
use tongban_kernel::scope::Depth;
use tongban_kernel::{Actor, Scope};
use tongban_store::clocks;
use tongban_store::testing::engines;
use tongban_web::testing::{Answer, TestApp};

use crate::support::{UNIT, case_entry, decided_case, draft, from_phone, later, open, staff, start, tokens};

const CASE: &str = "510811-20260302-000001";

/// 一个窗口上的两个岗位（A、B 班）与另一个窗口，外加一件走完三步的办件。
pub struct Hall {
    pub app: TestApp,
    pub org: i64,
    pub windows: [i64; 2],
    pub posts: [i64; 2],
    pub people: [i64; 2],
}

pub async fn hall(engine: tongban_store::Engine) -> Hall {
    let app = TestApp::open(engine, vec![tongban_directory::area(), tongban_parties::area(), tongban_messages::area(), tongban_items::area(), area()]).await.unwrap();
    let (org, windows, posts, people) = app
        .app
        .db()
        .write("t", |tx| {
            let (system, at) = (Actor::system(), start());
            let new = |parent: i64, name: &str, kind: i64| NewOrg { parent, name: name.into(), short_name: name.into(), kind, ..NewOrg::default() };
            let tenant = directory::create_org(tx, &system, &new(0, "昭化区", KIND_TENANT), at)?;
            let org = directory::create_org(tx, &system, &new(tenant, "区市场监管局", 2), at)?;
            let site = Site {
                id: 0,
                org,
                name: "中心".into(),
                address: "京兆路".into(),
                phone: String::new(),
                hours: String::new(),
                note: String::new(),
                division: String::new(),
            };
            let site = directory::create_site(tx, &system, &site, at)?;
            let mut windows = Vec::new();
            for number in ["03", "04"] {
                let window = Window { id: 0, org, site, number: number.into(), name: format!("综合窗口 {number}"), comprehensive: true };
                windows.push(directory::create_window(tx, &system, &window, at)?);
            }
            let (mut posts, mut people) = (Vec::new(), Vec::new());
            for (code, name, title) in [("011", "李敏", "A 班"), ("012", "吕霞", "B 班")] {
                let person = directory::add_staff(tx, &system, org, code, name, at)?;
                let post = NewPost { staff: person, org, role: "window_clerk".into(), title: title.into(), window: Some(windows[0]), reach: Depth::Unit };
                posts.push(directory::assign_post(tx, &system, &post, at)?);
                people.push(person);
            }
            for (rev, kind) in (1..).zip(["cases.received", "cases.accepted", "cases.decided"]) {
                case_entry(tx, kind, 1, rev, Timestamp::now() - SignedDuration::from_mins(10))?;
            }
            Ok((org, windows, posts, people))
        })
        .await
        .unwrap();
    app.app.settle().await.unwrap();
    Hall { app, org, windows: windows.try_into().unwrap(), posts: posts.try_into().unwrap(), people: people.try_into().unwrap() }
}

impl Hall {
    /// 第几个岗位上的人；管得到办件所在的单位与自己的单位。
    pub fn clerk(&self, which: usize) -> Actor {
        let both = [UNIT, self.org].map(|id| tongban_kernel::scope::Reach { depth: Depth::Unit, id });
        Actor {
            post: self.posts[which],
            staff: self.people[which],
            org: self.org,
            scope: Scope::new(both),
            ..staff("李敏", UNIT, &[READ, INVITE])
        }
    }

    pub async fn key(&self, which: usize) -> String {
        let post = self.posts[which];
        self.app.app.db().snapshot("t", move |tx| Ok(commands::pad_key(tx, post))).await.unwrap()
    }

    pub async fn pad(&self, which: usize) -> String {
        format!("/pad/{}?post={}&k={}", self.windows[0], self.posts[which], self.key(which).await)
    }

    /// 在一台设备上按“绑定”；`cookie` 为空是没绑过的设备。
    pub async fn bind(&self, which: usize, cookie: &str) -> Answer {
        let (key, post) = (self.key(which).await, self.posts[which].to_string());
        let path = format!("/pad/{}/bind", self.windows[0]);
        self.send(&path, cookie, &[("post", &post), ("k", &key)]).await
    }

    pub async fn send(&self, path: &str, cookie: &str, fields: &[(&str, &str)]) -> Answer {
        if cookie.is_empty() {
            return self.app.post_form(path, "", fields).await.unwrap();
        }
        let (seed, csrf) = self.app.visitor();
        let mut all = vec![("_csrf", csrf.as_str())];
        all.extend_from_slice(fields);
        let request = Request::post(path)
            .header(header::COOKIE, format!("{seed}; {cookie}"))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(serde_html_form(&all)))
            .unwrap();
        self.app.send(request).await.unwrap()
    }

    pub async fn look(&self, path: &str, cookie: &str) -> Answer {
        let request = Request::get(path).header(header::COOKIE, cookie).body(Body::empty()).unwrap();
        self.app.send(request).await.unwrap()
    }

    pub async fn push(&self, who: &str) -> Answer {
        self.app.post_form(&format!("/desk/rates/cases/{CASE}/push"), who, &[("node", "3")]).await.unwrap()
    }

    async fn standing(&self, which: usize, at: Timestamp) -> Standing {
        let post = self.posts[which];
        self.app.app.db().snapshot("t", move |tx| pads::standing_of(tx, post, at)).await.unwrap()
    }
}

/// 表单编码：只有字母数字与下划线、百分号之外的照转。
fn serde_html_form(fields: &[(&str, &str)]) -> String {
    let escape = |text: &str| text.bytes().map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") }).collect::<String>();
    fields.iter().map(|(name, value)| format!("{}={}", escape(name), escape(value))).collect::<Vec<_>>().join("&")
}

pub fn cookie_of(answer: &Answer) -> String {
    let set = answer.headers.get_all(header::SET_COOKIE).iter().map(|value| value.to_str().unwrap());
    set.into_iter().find(|value| value.starts_with("tongban_pad=")).unwrap().split(';').next().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn one_post_one_device_and_one_device_one_post() {
    for engine in engines() {
        let hall = hall(engine).await;
        assert!(hall.app.get(&hall.pad(0).await, "").await.unwrap().body.contains("绑定这台设备"));
        let wrong = hall.app.post_form(&format!("/pad/{}/bind", hall.windows[0]), "", &[("post", &hall.posts[0].to_string()), ("k", "guess")]).await.unwrap();
        assert_eq!(wrong.status, StatusCode::NOT_FOUND);
        let first = hall.bind(0, "").await;
        assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.body);
        assert!(first.headers.get_all(header::SET_COOKIE).iter().any(|value| value.to_str().unwrap().contains("HttpOnly")));
        let device = cookie_of(&first);
        // 待机：窗口号、人与工号、服务承诺
        let idle = hall.look(&hall.pad(0).await, &device).await.body;
        for word in ["03 号窗口", "李敏（工号 011）", "服务承诺"] {
            assert!(idle.contains(word), "{word}：{idle}");
        }
        // 第二台设备抢不走这个岗位
        assert!(hall.app.get(&hall.pad(0).await, "").await.unwrap().body.contains("已绑定另一台"));
        assert_eq!(hall.bind(0, "").await.status, StatusCode::CONFLICT);
        // 这台设备也绑不到 B 班
        let twice = hall.bind(1, &device).await;
        assert_eq!(twice.status, StatusCode::CONFLICT);
        assert!(twice.body.contains("03 号窗口 A 班"), "{}", twice.body);
        assert!(hall.look(&hall.pad(1).await, &device).await.body.contains("一台设备只绑一个岗位"));
        // 再按一次同一台、同一岗位：不出错
        assert_eq!(hall.bind(0, &device).await.status, StatusCode::SEE_OTHER);
        // 另一台绑 B 班：同一个窗口两个岗位各一台
        assert_eq!(hall.bind(1, "").await.status, StatusCode::SEE_OTHER);
        let desk = hall.app.sign_in(hall.clerk(0));
        let list = hall.app.get("/desk/rates/pads", &desk).await.unwrap().body;
        assert_eq!(list.matches("tag-g\">在线").count(), 2, "{list}");
        assert!(list.contains("还没有安排岗位的窗口：04"));
        let one = hall.app.get("/desk/rates/pads?q=%E5%90%95%E9%9C%9E", &desk).await.unwrap().body;
        assert!(one.contains("吕霞") && !one.contains("李敏（工号"), "按姓名找");
        assert!(hall.app.get("/desk/rates/pads?show=offline", &desk).await.unwrap().body.contains("没有这样的评价仪"));
        // 只能看的人拿不到绑定用的钥匙
        let reader = hall.app.sign_in(Actor { permissions: std::sync::Arc::new(std::collections::BTreeSet::from([READ.to_owned()])), ..hall.clerk(0) });
        let shown = hall.app.get("/desk/rates/pads", &reader).await.unwrap().body;
        assert!(shown.contains("李敏（工号") && !shown.contains(&hall.key(0).await));
        // 解除之后换得了
        let outsider = hall.app.sign_in(staff("外单位", 99, &[READ, INVITE]));
        let path = format!("/desk/rates/pads/{}/unbind", hall.posts[0]);
        assert_eq!(hall.app.post_form(&path, &outsider, &[]).await.unwrap().status, StatusCode::NOT_FOUND);
        assert_eq!(hall.app.post_form(&path, &desk, &[]).await.unwrap().status, StatusCode::SEE_OTHER);
        assert_eq!(hall.app.post_form(&path, &desk, &[]).await.unwrap().status, StatusCode::CONFLICT);
        assert_eq!(hall.bind(0, "").await.status, StatusCode::SEE_OTHER);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_devices_at_once_bind_one_post_once() {
    for engine in engines() {
        let hall = hall(engine).await;
        let (one, two, three) = tokio::join!(hall.bind(0, ""), hall.bind(0, ""), hall.bind(0, ""));
        let mut statuses = [one.status, two.status, three.status];
        statuses.sort_unstable();
        assert_eq!(statuses, [StatusCode::SEE_OTHER, StatusCode::CONFLICT, StatusCode::CONFLICT]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_push_goes_to_the_post_that_asked_and_dies_after_a_minute() {
    for engine in engines() {
        let hall = hall(engine).await;
        let (a, b) = (cookie_of(&hall.bind(0, "").await), cookie_of(&hall.bind(1, "").await));
        let clerk = hall.app.sign_in(hall.clerk(1));
        assert_eq!(hall.push(&clerk).await.location(), format!("/desk/rates/cases/{CASE}"));
        // 只在 B 班那台上弹出，写着谁经办、什么事
        let asking = hall.look(&hall.pad(1).await, &b).await.body;
        assert_eq!(asking.matches("class=\"pad-b plain\"").count(), 5);
        assert!(asking.contains("吕霞") && asking.contains("食品经营许可"));
        assert!(hall.look(&hall.pad(0).await, &a).await.body.contains("请您监督"));
        // 选脸、提交
        let href = asking.split("class=\"pad-b plain\" href=\"").nth(1).unwrap().split('"').next().unwrap().replace("&#38;", "&").replace("&amp;", "&");
        let form = hall.look(&href, &b).await;
        assert!(form.body.contains("pad-form") && !form.body.contains("底部导航"), "评价仪上没有网站的导航");
        // 冒充：没有设备记号的进不来
        assert_eq!(hall.look(&href, "").await.status, StatusCode::NOT_FOUND);
        let token = tokens(hall.app.app.db(), 1).await.remove(2);
        let (post, window, key) = (hall.posts[1].to_string(), hall.windows[0].to_string(), hall.key(1).await);
        let fields = [("level", "5"), ("from", "pad"), ("pad", window.as_str()), ("post", post.as_str()), ("k", key.as_str())];
        assert_eq!(hall.send(&format!("/r/{token}"), "", &fields).await.status, StatusCode::NOT_FOUND, "别的设备不能说自己是评价仪");
        let sent = hall.send(&format!("/r/{token}"), &b, &fields).await;
        assert_eq!(sent.location(), format!("{}&done=1", hall.pad(1).await), "{}", sent.body);
        assert!(hall.look(sent.location(), &b).await.body.contains("谢谢您的评价"));
        assert!(hall.look(&hall.pad(1).await, &b).await.body.contains("请您监督"), "评完回待机");
        let reader = hall.app.get("/desk/rates/ratings", &clerk).await.unwrap();
        assert!(reader.body.contains("政务大厅平板电脑"));
        // 没人评：时钟到点记为过时，不产生评价，码还能用
        let asked = hall.app.post_form(&format!("/desk/rates/cases/{CASE}/push"), &clerk, &[("node", "2")]).await.unwrap();
        assert_eq!(asked.status, StatusCode::SEE_OTHER);
        let at = Timestamp::now() + SignedDuration::from_secs(61);
        assert!(clocks::Runner::default().step(hall.app.app.db(), area().clocks, at).await.unwrap() >= 1);
        let (outcomes, rated) = hall
            .app
            .app
            .db()
            .snapshot("t", |tx| {
                let id = store::find_case(tx, 900_001)?.unwrap();
                let all = store::invitations(tx, id)?;
                Ok(([store::outcomes(tx, all[1].id)?, store::outcomes(tx, all[2].id)?], all[1].used))
            })
            .await
            .unwrap();
        assert_eq!(outcomes, [vec!["expired".to_owned()], vec!["rated".to_owned()]]);
        assert_eq!(rated, None);
        assert!(hall.look(&hall.pad(1).await, &b).await.body.contains("请您监督"));
        let token = tokens(hall.app.app.db(), 1).await.remove(1);
        let late = hall.send(&format!("/r/{token}"), &b, &fields).await;
        assert_eq!(late.status, StatusCode::CONFLICT);
        assert!(late.body.contains("时间到了"), "{}", late.body);
        assert_eq!(hall.app.post_form(&format!("/r/{token}"), "", &[("level", "4")]).await.unwrap().status, StatusCode::SEE_OTHER, "扫码照样评");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_device_online_the_clerk_shows_the_code() {
    for engine in engines() {
        let hall = hall(engine).await;
        let clerk = hall.app.sign_in(hall.clerk(0));
        let none = hall.push(&clerk).await;
        assert_eq!(none.location(), format!("/desk/rates/cases/{CASE}/code?node=3"), "{}", none.body);
        let code = hall.app.get(none.location(), &clerk).await.unwrap();
        assert!(code.body.contains("/qr.svg") && code.body.contains("请您用手机扫码评价"));
        hall.bind(0, "").await;
        let (post, now) = (hall.posts[0], Timestamp::now());
        let why = hall.app.app.db().snapshot("t", move |tx| pads::unreachable(tx, post, now + SignedDuration::from_secs(75))).await.unwrap();
        assert_eq!(why, Some("本岗位的评价仪离线了"));
        assert_eq!(hall.standing(0, now).await, Standing::Online);
        let adrift = hall.app.sign_in(Actor { post: 0, ..hall.clerk(0) });
        assert!(hall.push(&adrift).await.location().contains("/code"), "不在岗位上的也有二维码");
        // 在看过评价码的终端上评：存疑，复核前不计
        let token = tokens(hall.app.app.db(), 1).await.remove(2);
        assert_eq!(hall.app.post_form(&format!("/r/{token}"), "", &[("level", "5")]).await.unwrap().status, StatusCode::SEE_OTHER);
        let flags = hall.app.app.db().snapshot("t", |tx| {
            let id = store::rating_by_no(tx, &format!("{CASE}-3-1"))?.unwrap();
            Ok(store::rating(tx, id)?.unwrap().flags)
        });
        assert_eq!(flags.await.unwrap(), "staff_terminal");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_post_that_changed_says_so_on_the_device_and_on_the_list() {
    const MOVE: &str = "UPDATE directory_posts SET site_window = $1 WHERE id = $2";
    const END: &str = "UPDATE directory_posts SET to_day = 20200101 WHERE id = $1";
    const BACK: &str = "UPDATE directory_staff SET active = 1 WHERE id = $1";
    for engine in engines() {
        let hall = hall(engine).await;
        let (a, b) = (cookie_of(&hall.bind(0, "").await), cookie_of(&hall.bind(1, "").await));
        let (posts, other) = (hall.posts, hall.windows[1]);
        hall.app.app.db().write("t", move |tx| tx.exec(MOVE, tongban_store::args![other, posts[0]])).await.unwrap();
        let now = Timestamp::now();
        assert_eq!(hall.standing(0, now).await, Standing::Unfit(Misfit::Moved));
        assert!(hall.look(&hall.pad(0).await, &a).await.body.contains("岗位换了窗口，这台评价仪停用了"));
        let desk = hall.app.sign_in(hall.clerk(0));
        let list = hall.app.get("/desk/rates/pads?show=unfit", &desk).await.unwrap().body;
        assert!(list.contains("岗位换了窗口") && list.contains("解除绑定"), "{list}");
        // 人走了、卸任了
        let person = hall.people[1];
        let leave = move |tx: &mut tongban_store::Tx<'_>| {
            let version = tongban_directory::queries::staff(tx, person)?.unwrap().version;
            directory::deactivate_staff(tx, &Actor::system(), person, version, now)
        };
        hall.app.app.db().write("t", leave).await.unwrap();
        assert_eq!(hall.standing(1, now).await, Standing::Unfit(Misfit::Left));
        assert!(hall.look(&hall.pad(1).await, &b).await.body.contains("岗位上的人已离职"));
        hall.app.app.db().write("t", move |tx| { tx.exec(BACK, tongban_store::args![person])?; tx.exec(END, tongban_store::args![posts[1]]) }).await.unwrap();
        assert_eq!(hall.standing(1, now).await, Standing::Unfit(Misfit::Ended));
        let list = hall.app.get("/desk/rates/pads", &desk).await.unwrap().body;
        assert!(list.contains("岗位已卸任"), "卸任了还绑着的也列出来");
        assert!(hall.push(&hall.app.sign_in(hall.clerk(1))).await.location().contains("/code"));
        let path = format!("/desk/rates/pads/{}/unbind", posts[1]);
        assert_eq!(hall.app.post_form(&path, &desk, &[]).await.unwrap().status, StatusCode::SEE_OTHER);
        assert_eq!(hall.bind(1, &b).await.status, StatusCode::CONFLICT, "卸任的岗位不能再绑");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_window_address_leads_to_the_post_or_says_what_to_do() {
    for engine in engines() {
        let hall = hall(engine).await;
        let device = cookie_of(&hall.bind(0, "").await);
        let old = format!("/pad/{}?k=whatever", hall.windows[0]);
        assert_eq!(hall.look(&old, &device).await.location(), hall.pad(0).await);
        let stranger = hall.app.get(&old, "").await.unwrap();
        assert_eq!(stranger.status, StatusCode::NOT_FOUND);
        assert!(stranger.body.contains("一个岗位一台"), "{}", stranger.body);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_default_is_off_until_asked_for_and_gives_way_to_the_person() {
    for engine in engines() {
        let test = open(engine).await;
        let first = decided_case(&test.db, 1).await;
        let second = decided_case(&test.db, 2).await;
        let rated = |token: String, level: i64, at: Timestamp| {
            let (db, rating) = (test.db.clone(), tongban_evaluation::rules::check(&draft(level, "")).unwrap());
            async move { db.write("t", move |tx| commands::rate(tx, &Actor::anonymous(), &token, &rating, &from_phone(), at)).await }
        };
        // 第二件在受理一步评过：不再记默认
        rated(second[1].clone(), 5, later(1)).await.unwrap();
        assert_eq!(defaults::run(&test.db, 0, later(20)).await.unwrap(), 0, "没开");
        assert_eq!(defaults::run(&test.db, 7, later(7)).await.unwrap(), 0, "第 7 个自然日还没过完");
        assert_eq!(defaults::run(&test.db, 7, later(8)).await.unwrap(), 2);
        assert_eq!(defaults::run(&test.db, 7, later(9)).await.unwrap(), 0, "只记一次");
        let sums = crate::rating::measures(&test.db).await;
        assert_eq!((sums["evaluation.decided"], sums["evaluation.decided_evaluated"], sums["evaluation.decided_rated"]), (2, 2, 1));
        assert_eq!((sums["evaluation.first"], sums["evaluation.good"], sums["evaluation.score"]), (1, 1, 5), "默认不进满意率");
        let seen = |no: &'static str| test.db.snapshot("t", move |tx| {
            let id = store::rating_by_no(tx, no)?.unwrap();
            Ok(store::rating(tx, id)?.unwrap())
        });
        let row = seen("510811-20260302-000001-3-0").await.unwrap();
        assert_eq!((row.level.code(), row.channel.code(), row.active, row.effective, row.person), (3, 7, false, true, 0));
        // 本人后来评：码没被占，默认让位，不删
        let bad = tongban_evaluation::rules::check(&draft(2, "等太久")).unwrap();
        let token = first[2].clone();
        test.db.write("t", move |tx| commands::rate(tx, &Actor::anonymous(), &token, &bad, &from_phone(), later(12))).await.unwrap();
        let row = seen("510811-20260302-000001-3-0").await.unwrap();
        assert!(!row.effective, "让位，留着");
        let sums = crate::rating::measures(&test.db).await;
        assert_eq!((sums["evaluation.decided_evaluated"], sums["evaluation.decided_rated"]), (2, 2));
        assert_eq!((sums["evaluation.first"], sums["evaluation.good"], sums["evaluation.bad_first"]), (2, 1, 1));
        // 记在库里的派生列与事实一致：下钻数得出同样的数
        let span = store::Span { org: crate::support::ORG, from: 20_260_101, to: 20_261_231, after: 0, limit: 100 };
        let drilled = test.db.snapshot("t", move |tx| Ok((store::case_records(tx, "evaluation.decided_evaluated", &span)?.len(), store::rating_records(tx, "evaluation.first", &span)?.len())));
        assert_eq!(drilled.await.unwrap(), (2, 2));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn entering_needs_evidence_and_never_ones_own_rating() {
    for engine in engines() {
        let hall = hall(engine).await;
        let recorder = hall.app.sign_in(Actor { staff: 777, ..staff("秦岚", UNIT, &[READ, RECORD]) });
        let path = "/desk/rates/record";
        assert!(hall.app.get(path, &recorder).await.unwrap().body.contains("先找到办件"));
        let unknown = hall.app.get("/desk/rates/record?case=ZH999", &recorder).await.unwrap();
        assert_eq!(unknown.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(unknown.body.contains("没有这个办件编号") && unknown.body.contains("ZH999"));
        let wrong = hall.app.post_form(path, &recorder, &[("case", CASE), ("node", "3"), ("channel", "2"), ("evidence", ""), ("level", "1"), ("text", " ")]).await.unwrap();
        assert_eq!(wrong.status, StatusCode::UNPROCESSABLE_ENTITY);
        for word in ["补录只收电话与纸质", "录音编号", "差评请写一句原话"] {
            assert!(wrong.body.contains(word), "{word}：{}", wrong.body);
        }
        let good = [("case", CASE), ("node", "3"), ("channel", "8"), ("evidence", "REC-20260303-17"), ("level", "2"), ("text", "等太久")];
        // 经办人自己（工号 55 的那位）、没有授权的、外单位的都录不进
        let own = hall.app.sign_in(Actor { staff: 55, ..staff("经办", UNIT, &[READ, RECORD]) });
        let refused = hall.app.post_form(path, &own, &good).await.unwrap();
        assert_eq!(refused.status, StatusCode::FORBIDDEN);
        assert!(refused.body.contains("您是这件事的经办人"), "{}", refused.body);
        assert_eq!(hall.app.post_form(path, &hall.app.sign_in(staff("王办", UNIT, &[READ, INVITE])), &good).await.unwrap().status, StatusCode::FORBIDDEN);
        assert_eq!(hall.app.post_form(path, &hall.app.sign_in(staff("外单位", 11, &[READ, RECORD])), &good).await.unwrap().status, StatusCode::NOT_FOUND);
        let done = hall.app.post_form(path, &recorder, &good).await.unwrap();
        assert_eq!(done.location(), format!("/desk/rates/ratings/{CASE}-3-1"), "{}", done.body);
        let boss = hall.app.sign_in(staff("主管", UNIT, &[READ, REVIEW]));
        assert!(hall.app.get(done.location(), &boss).await.unwrap().body.contains("REC-20260303-17（秦岚录入）"));
        assert!(!hall.app.get(done.location(), &recorder).await.unwrap().body.contains("REC-20260303-17"), "凭据只给审核的人看");
        assert_eq!(hall.app.post_form(path, &recorder, &good).await.unwrap().status, StatusCode::CONFLICT);
    }
}

/// 按 E 落在走到了、还没评、也没在问的第一步；页面没刷新又推了评过的，说一声，不报错。
#[tokio::test(flavor = "multi_thread")]
async fn the_key_lands_on_the_first_step_still_to_be_rated() {
    for engine in engines() {
        let hall = hall(engine).await;
        let clerk = hall.app.sign_in(hall.clerk(0));
        let page = format!("/desk/rates/cases/{CASE}");
        let keyed = async || -> Vec<String> {
            let body = hall.app.get(&page, &clerk).await.unwrap().body;
            let buttons = body.split("name=\"node\" value=\"").skip(1).filter(|part| part.split('>').next().unwrap().contains("data-key=\"e\""));
            buttons.map(|part| part.split('"').next().unwrap().to_owned()).collect()
        };
        assert_eq!(keyed().await, ["1"], "先收件");
        let token = tokens(hall.app.app.db(), 1).await.remove(0);
        hall.app.post_form(&format!("/r/{token}"), "", &[("level", "5")]).await.unwrap();
        assert_eq!(keyed().await, ["2"], "收件评过了，轮到受理");
        let push = async |node: &str| hall.app.post_form(&format!("{page}/push"), &clerk, &[("node", node)]).await.unwrap();
        let stale = push("1").await;
        assert_eq!((stale.status, stale.location()), (StatusCode::SEE_OTHER, page.as_str()));
        hall.bind(0, "").await;
        assert_eq!(push("2").await.location(), page);
        assert_eq!(keyed().await, ["3"], "受理正在评价仪上问，下一个是办结");
        assert!(hall.app.get(&page, &clerk).await.unwrap().body.contains("正在评价仪上问"));
    }
}
