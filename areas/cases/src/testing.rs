//! 测试用的样例：只在测试里编译。

use jiff::Timestamp;
use jiff::civil::date;
use tongban_kernel::Place;
use tongban_kernel::codes::CaseNo;

use crate::model::{Applicant, Case, Channel, Choice, Delivery, Field, FieldKind, Offer, OfferMaterial, Situation, State};

pub fn person() -> Applicant {
    Applicant {
        name: "王秀兰".into(),
        is_legal: false,
        id_type: "111".into(),
        id_number: "510811198512120022".into(),
        contact: String::new(),
        mobile: "13900008888".into(),
        address: String::new(),
    }
}

pub fn sample_offer() -> Offer {
    let choice = |key: &str, label: &str| Choice { key: key.into(), label: label.into(), stop: None };
    let material = |key: &str, name: &str, need: u8, when: &[&str]| OfferMaterial {
        key: key.into(),
        name: name.into(),
        need,
        copies: 1,
        when: when.iter().map(|key| (*key).to_owned()).collect(),
        ..OfferMaterial::default()
    };
    Offer {
        item_id: 900,
        version: 3,
        code: "11510811MB0000027M451200000100001".into(),
        name: "食品经营许可（新办）".into(),
        task_type: "01".into(),
        place: Place { tenant: 1, unit: 2, org: 3 },
        region: "510811".into(),
        org_name: "区市场监管局".into(),
        open: true,
        promise_days: 5,
        legal_days: 20,
        online: true,
        min_real_level: 2,
        for_person: true,
        for_legal: true,
        situations: vec![Situation {
            key: "size".into(),
            question: "开多大的店".into(),
            options: vec![choice("small", "小吃店"), choice("large", "大餐馆")],
            when: Vec::new(),
        }],
        materials: vec![
            material("plan", "经营场所平面布局图", 1, &[]),
            material("lease", "场所使用证明", 3, &[]),
            material("fire", "消防检查合格证", 1, &["large"]),
            material("photo", "门头照片", 2, &[]),
        ],
        fields: vec![
            Field { key: "area".into(), label: "经营面积".into(), kind: FieldKind::Number, required: true, ..Field::default() },
            Field {
                key: "water".into(),
                label: "有没有上下水".into(),
                kind: FieldKind::Radio,
                required: true,
                options: vec![choice("y", "有"), choice("n", "没有，正在装")],
                ..Field::default()
            },
        ],
        ..Offer::default()
    }
}

pub fn case_in(state: State) -> Case {
    let at: Timestamp = "2021-05-31T10:00:00+08:00".parse().unwrap();
    let no = CaseNo::parse("510811-20210531-000001").unwrap();
    let blank = Case::blank(1, no, &sample_offer(), &person(), at, date(2021, 5, 31));
    Case { state, channel: Channel::Computer, delivery: Delivery::Electronic, ..blank }
}
