use super::*;

/// 每一份写完整的指南，写成一行再读回来一字不差——不管打底的是什么。
#[test]
fn every_complete_guide_survives_the_round_trip() {
    for complete in crate::complete::built_in().unwrap() {
        let row = write(&complete.guide);
        assert_eq!(read(&row, &Guide::default()).unwrap(), complete.guide, "{}", complete.guide.name);
        assert_eq!(write(&read(&row, &Guide::default()).unwrap()), row);
    }
}

/// 别的平台交来的没有全文列：平面列与子表照样读得出来。
#[test]
fn rows_without_the_whole_text_are_read_from_the_columns() {
    let complete = crate::complete::built_in().unwrap().remove(0).guide;
    let mut row = write(&complete);
    WHOLE.iter().for_each(|column| drop(row.remove(*column)));
    let guide = read(&row, &Guide::default()).unwrap();
    assert_eq!(
        (&guide.name, guide.task_type, guide.visits, &guide.conditions),
        (&complete.name, complete.task_type, complete.visits, &complete.conditions)
    );
    assert_eq!((&guide.legal, &guide.promise, &guide.objects), (&complete.legal, &complete.promise, &complete.objects));
    let names = |guide: &Guide| guide.materials.iter().map(|m| (m.id.clone(), m.name.clone(), m.need)).collect::<Vec<_>>();
    assert_eq!(names(&guide), names(&complete));
    assert_eq!(
        guide.steps.iter().map(|step| &step.name).collect::<Vec<_>>(),
        complete.steps.iter().map(|step| &step.name).collect::<Vec<_>>()
    );
    assert_eq!((&guide.basis[0].title, &guide.basis[0].article), (&complete.basis[0].title, &complete.basis[0].article));
    assert_eq!(guide.places[0].address, complete.places[0].address);
}

#[test]
fn every_bad_cell_is_named_with_its_value_and_rule() {
    let bad = |pairs: &[(&str, &str)]| {
        let row: Record = pairs.iter().map(|(column, value)| ((*column).to_owned(), (*value).to_owned())).collect();
        read(&row, &Guide::default()).unwrap_err().into_iter().map(|error| (error.column, error.value, error.rule)).collect::<Vec<_>>()
    };
    let found = bad(&[
        ("TASKTYPE", "77"),
        ("LIMITSCENENUM", "很多"),
        ("SERVERTYPE", "1^8"),
        ("ISEXPRESS", "可以"),
        ("QUESTIONS", "{"),
        ("PROMISETYPE", "X"),
    ]);
    let expected = [
        ("TASKTYPE", "77"),
        ("PROMISETYPE", "X"),
        ("SERVERTYPE", "1^8"),
        ("LIMITSCENENUM", "很多"),
        ("ISEXPRESS", "可以"),
        ("QUESTIONS", "{"),
    ];
    assert_eq!(found.iter().map(|(column, value, _)| (column.as_str(), value.as_str())).collect::<Vec<_>>(), expected);
    assert!(found.iter().all(|(.., rule)| !rule.is_empty()));
}

/// 只给几列：没给的保持原样；旧码 G、Z 认得。
#[test]
fn a_few_columns_change_only_themselves() {
    let before = crate::complete::built_in().unwrap().remove(0).guide;
    let row: Record =
        [("PROMISEDAY", "4"), ("PROMISETYPE", "Z"), ("LINKWAY", "0839-8720009")].map(|(c, v)| (c.to_owned(), v.to_owned())).into();
    let after = read(&row, &before).unwrap();
    assert_eq!((after.promise.amount, after.promise.unit), (4, LimitUnit::Day));
    assert_eq!(Guide { promise: before.promise.clone(), consult_phone: before.consult_phone.clone(), ..after }, before);
}

#[test]
fn long_texts_are_cut_and_joined_without_loss() {
    let text: String = "甲 乙".repeat(30_000);
    let parts = pieces(&text);
    assert!(parts.iter().filter(|part| !part.is_empty()).count() > 2);
    assert_eq!(parts.iter().map(|part| part.trim()).collect::<String>(), text);
}
