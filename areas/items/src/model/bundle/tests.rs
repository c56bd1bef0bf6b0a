use std::collections::BTreeSet;

use serde_json::{Map, Value, json};

use super::*;

fn guide(text: &str) -> Guide {
    serde_yaml_ng::from_str(text).unwrap()
}

fn member(key: &str, rule: &BundleGuide, guide: Option<Guide>) -> BundleMember {
    let rule = rule.rule(key);
    let offer = guide.map(|guide| MemberOffer {
        item_id: 1,
        code: format!("CODE-{key}"),
        version: 1,
        name: guide.name.clone(),
        dept_name: "区某局".into(),
        online: true,
        closed: String::new(),
        unit: 1,
        guide,
    });
    BundleMember {
        key: key.into(),
        name: key.into(),
        after: rule.after,
        optional: rule.optional,
        when: rule.when,
        binds: rule.binds,
        offer,
    }
}

/// 开办餐饮店：执照（1 天）→ 许可（5 天）；招牌（2 天，可不办）与许可都等执照；消防只有大店要；社保由别处办。
fn restaurant() -> BundleOffer {
    let rules: BundleGuide = serde_yaml_ng::from_str(
        "
questions:
  - {id: size, text: 店有多大, options: [{id: small, label: 小店}, {id: big, label: 300 平方米以上}]}
members:
  - {key: m2, after: [m1], binds: {area: {question: size, options: {small: s, big: b}}}}
  - {key: m3, after: [m1], optional: true}
  - {key: m4, after: [m2], when: {size: [big]}}
  - {key: m5, after: [m4]}
same_fields: [[m1.shop, m2.store_name]]
",
    )
    .unwrap();
    let licence = guide(
        "
name: 营业执照
promise: {amount: 1}
visits: 1
steps: [{name: 受理}, {name: 审核}, {name: 送达}]
questions: [{id: who, text: 您是自己办还是替别人办, options: [{id: self, label: 自己办}, {id: proxy, label: 替别人办}]}]
materials:
  - {id: id_card, name: 居民身份证, waive: '1', licence_type: 居民身份证}
  - {id: lease, name: 房屋租赁合同, need: '3'}
  - {id: auth, name: 授权书, when: {who: [proxy]}}
form: {sections: [{title: 您的信息, fields: [{name: name, label: 姓名, prefill: person.name}]},
                  {title: 店铺, fields: [{name: shop, label: 店名, rule: {max_chars: 40}}, {name: area, label: 面积, kind: number, rule: {min: 1, max: 5000}}]}]}
",
    );
    let permit = guide(
        "
name: 食品经营许可
promise: {amount: 5}
visits: 0
steps: [{name: 受理}, {name: 审查}, {name: 决定}, {name: 送达}]
questions:
  - {id: who, text: 您是自己办还是替别人办, options: [{id: self, label: 自己办}, {id: proxy, label: 替别人办}]}
  - {id: area, text: 多大, options: [{id: s, label: 小}, {id: b, label: 大}, {id: x, label: 流动摊, stop: 流动摊不用办许可}]}
materials:
  - {id: id, name: 居民身份证, waive: '1', licence_type: 居民身份证}
  - {id: lease, name: 房屋 租赁合同, copies: 2}
  - {id: layout, name: 平面图}
form: {sections: [{title: 您的信息, fields: [{name: who_name, label: 申请人, prefill: person.name}]},
                  {title: 经营, fields: [{name: store_name, label: 经营场所名称, required: false, rule: {max_chars: 30, min_chars: 2}}, {name: area, label: 面积, kind: number, rule: {min: 5}}]}]}
",
    );
    let sign =
        guide("name: 招牌\npromise: {amount: 2}\nvisits: 1\nsteps: [{name: 受理}, {name: 办结}]\nmaterials: [{id: sketch, name: 效果图}]");
    let fire = guide("name: 消防检查\npromise: {amount: 8}\nvisits: 1\nsteps: [{name: 受理}, {name: 检查}, {name: 送达}]");
    BundleOffer {
        id: 1,
        version: 1,
        number: 3,
        name: "开办餐饮店".into(),
        object: "法人".into(),
        lead: "市场监管".into(),
        members: vec![
            member("m1", &rules, Some(licence)),
            member("m2", &rules, Some(permit)),
            member("m3", &rules, Some(sign)),
            member("m4", &rules, Some(fire)),
            member("m5", &rules, None),
        ],
        guide: rules,
    }
}

fn answers(pairs: &[(&str, &str)]) -> Answers {
    pairs.iter().map(|(question, option)| ((*question).to_owned(), (*option).to_owned())).collect()
}

#[test]
fn questions_are_asked_once_and_only_when_needed() {
    let offer = restaurant();
    let asked: Vec<String> = offer.questions(&Answers::new()).into_iter().map(|question| question.id).collect();
    assert_eq!(asked, ["size", "m1-who", "m3"], "许可的“自己办还是替别人办”与执照的合着问，面积由套餐的题带出");
    assert_eq!(offer.questions(&Answers::new())[1].text, "您是自己办还是替别人办");
    assert_eq!(offer.settle(&answers(&[("size", "huge"), ("x", "y")])), answers(&[("size", "small"), ("m1-who", "self"), ("m3", "yes")]));
    let errors = offer.check(&answers(&[("size", "big"), ("m3", "maybe")]));
    assert_eq!(
        errors.iter().map(|e| (e.field().to_owned(), e.code)).collect::<Vec<_>>(),
        [("m1-who".to_owned(), "required"), ("m3".to_owned(), "unknown-option")]
    );
}

#[test]
fn the_critical_path_decides_how_long() {
    let offer = restaurant();
    let small = offer.plan(&offer.settle(&Answers::new()));
    let keys = |plan: &BundlePlan| plan.members.iter().map(|m| m.key.clone()).collect::<Vec<_>>();
    assert_eq!(keys(&small), ["m1", "m2", "m3"]);
    assert_eq!(small.total_days, 6, "执照 1 + 许可 5；招牌并着办");
    assert_eq!(small.left_out.len(), 1, "别处办的只说去处");
    let big = offer.plan(&offer.settle(&answers(&[("size", "big"), ("m3", "no")])));
    assert_eq!((keys(&big), big.total_days), (vec!["m1".to_owned(), "m2".into(), "m4".into()], 14));
    assert_eq!(big.members[1].answers, answers(&[("who", "self"), ("area", "b")]));
    let sum: i64 = big.members.iter().map(|member| member.days).sum();
    assert!(big.total_days <= sum, "总时限不大于各成员之和");
}

#[test]
fn same_fields_and_materials_are_given_once() {
    let offer = restaurant();
    let plan = offer.plan(&offer.settle(&Answers::new()));
    let none = Answers::new();
    let names: Vec<&str> = plan.form.fields(&none).map(|field| field.name.as_str()).collect();
    assert_eq!(names, ["m1-name", "m1-shop", "m1-area"]);
    let fields: Vec<&super::super::form::FormField> = plan.form.sections.iter().flat_map(|s| &s.fields).collect();
    assert_eq!((fields[1].required, fields[1].rule.max_chars, fields[1].rule.min_chars), (true, Some(30), Some(2)), "规矩取严的");
    assert_eq!((fields[2].rule.min, fields[2].rule.max), (Some(5.0), Some(5000.0)));
    let Value::Object(filled) = json!({"m1-name": "王小明", "m1-shop": "小明面馆", "m1-area": "46"}) else { unreachable!() };
    assert_eq!(plan.form.validate(&Answers::new(), &filled, jiff::civil::date(2026, 11, 22)), []);
    let parts = plan.split(&filled);
    assert_eq!(Value::Object(parts["m2"].clone()), json!({"who_name": "王小明", "store_name": "小明面馆", "area": "46"}));
    assert_eq!(parts["m3"], Map::new());

    let lease = plan.materials.iter().find(|one| one.id == "m1-lease").unwrap();
    assert_eq!((lease.material.copies, lease.material.need), (2, super::super::codes::Need::Required), "取严的必要性、多的份数");
    assert_eq!(lease.targets, [("m1".to_owned(), "lease".to_owned()), ("m2".to_owned(), "lease".to_owned())]);
    // 身份证、租赁合同各合成一份：5 + 1 份并成 4 份；环节 3+4+2 并成 受理、送达各一次
    assert_eq!(plan.gains, Gains { materials: (6, 4), steps: (9, 6), days: (8, 6), visits: (2, 1) });
}

#[test]
fn one_refused_member_never_blocks_the_rest() {
    let mut offer = restaurant();
    offer.guide.questions[0].options[0].id = "stall".into();
    offer.members[1].binds.get_mut("area").unwrap().options.insert("stall".into(), "x".into());
    offer.members[1].after = vec!["m1".into()];
    offer.members[3].when = When::default();
    let plan = offer.plan(&offer.settle(&answers(&[("size", "stall"), ("m3", "no")])));
    assert_eq!(plan.left_out[1].reason, "流动摊不用办许可");
    // 消防等许可，许可不办，改等许可的前置
    assert_eq!(
        plan.members.iter().map(|m| (m.key.as_str(), m.after.clone())).collect::<Vec<_>>(),
        [("m1", vec![]), ("m4", vec!["m1".to_owned()])]
    );
}

#[test]
fn members_become_ready_as_their_predecessors_finish() {
    let offer = restaurant();
    let plan = offer.plan(&offer.settle(&answers(&[("size", "big")])));
    let ready = |done: &[&str]| {
        let done: BTreeSet<String> = done.iter().map(|key| (*key).to_owned()).collect();
        plan.ready(&done).iter().map(|member| member.key.clone()).collect::<Vec<_>>()
    };
    assert_eq!(ready(&[]), ["m1"]);
    assert_eq!(ready(&["m1"]), ["m2", "m3"]);
    assert_eq!(ready(&["m1", "m2", "m3"]), ["m4"]);
}

#[test]
fn circles_and_unknown_names_are_faults() {
    let faults = |text: &str| serde_yaml_ng::from_str::<BundleGuide>(text).unwrap().faults(3);
    assert_eq!(faults("members: [{key: m1, after: [m2]}, {key: m2, after: [m3]}, {key: m3, after: [m1]}]").len(), 1);
    assert_eq!(faults("members: [{key: m1, after: [m9]}, {key: m7}, {key: m1}]").len(), 3);
    assert_eq!(faults("members: [{key: m1, when: {q: [a]}, binds: {x: {question: z}}}]").len(), 2);
    assert_eq!(faults("questions: [{id: m1, text: 问}, {id: a-b, text: 问, options: [{id: a}, {id: b}]}]").len(), 3);
    assert!(faults("members: [{key: m2, after: [m1]}]").is_empty());
}
