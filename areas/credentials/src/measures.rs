//! 印章、证照、亮证事实 → 指标的度量与下钻（规格 §5.2，reference/indicator-bindings.yaml）。

use tongban_store::{Result, Tx};
use tongban_web::area::{DrillQuery, DrillRow, Grain, Measure, Measures, Tally};

use crate::model::Facts;
use crate::store::drill::{self, Which};

/// 本区全部度量。
pub const MEASURES: &[Measures] = &[Measures { subject: "credentials", codes: CODES, tally, scan: drill::scan }];

macro_rules! measure {
    ($code:literal, $title:literal, $grain:ident, $which:ident) => {
        Measure { code: $code, title: $title, grain: Grain::$grain, drill: |tx, query| rows(tx, query, Which::$which) }
    };
}

const CODES: &[Measure] = &[
    measure!("credentials.seals_expected", "应有印章机构", Stock, Expected),
    measure!("credentials.seals_expected_town", "应有印章的乡镇街道", Stock, ExpectedTown),
    measure!("credentials.seals_applied", "已申请印章机构", Stock, Applied),
    measure!("credentials.seals_applied_town", "已申请印章的乡镇街道", Stock, AppliedTown),
    measure!("credentials.seals_made", "已制作印章机构", Stock, Made),
    measure!("credentials.seals_authorized", "已授权印章机构", Stock, Authorized),
    measure!("credentials.seals_active", "已启用印章机构", Stock, Active),
    measure!("credentials.seals_unmade", "省统计表未制作", Stock, Unmade),
    measure!("credentials.licences_entered", "已录入证照", Stock, Licences),
    measure!("credentials.licences_expected", "应录入证照", Stock, Quotas),
    measure!("credentials.shows", "亮证核验成功", Flow, Shows),
];

fn tally(facts: &str, out: &mut Tally) -> Result<()> {
    let mut add = |code, org, day: i64, n| {
        if day > 0 {
            out.add(code, org, day, n);
        }
    };
    match serde_json::from_str(facts)? {
        Facts::Seal { org, town, expected, applied, made, authorized, active } => {
            add("credentials.seals_expected", org, expected, 1);
            add("credentials.seals_applied", org, applied, 1);
            add("credentials.seals_made", org, made, 1);
            add("credentials.seals_authorized", org, authorized, 1);
            add("credentials.seals_active", org, active, 1);
            if town {
                add("credentials.seals_expected_town", org, expected, 1);
                add("credentials.seals_applied_town", org, applied, 1);
            }
        }
        Facts::Licence { org, entered } => add("credentials.licences_entered", org, entered, 1),
        Facts::Quota { org, day, expected } => add("credentials.licences_expected", org, day, expected),
        Facts::Show { org, day, counted } => add("credentials.shows", org, day, i64::from(counted)),
        // 对不上机构的行没有地方记，留在核对页上
        Facts::Province { org, day, unmade } if org != 0 => add("credentials.seals_unmade", org, day, i64::from(unmade)),
        Facts::Province { .. } => {}
    }
    Ok(())
}

fn rows(tx: &mut Tx<'_>, query: &DrillQuery<'_>, which: Which) -> Result<Vec<DrillRow>> {
    let found = drill::records(tx, which, query.org, query.from_day, query.to_day, query.after, query.limit)?;
    Ok(found.into_iter().map(|(id, number, title, detail, href, weight)| DrillRow { id, number, title, detail, href, weight }).collect())
}
