//! 交换表的列名（items §4.1–§4.6）：汇聚库的大写列名，中文名只作表头。
//!
//! 一行一个办理项；材料、收费、常见问题三张子表各放在一列里，内容是 JSON 数组，里面仍用子表的列名。
//! 平面列装不下的要素（情形、环节、申报表……）整个放在 `GUIDE` 列，导入时以它打底，再用平面列盖上。

use tongban_documents::table::{Column, Kind};

/// 基本目录 `task_directory`。
pub const CATALOGUE: &[(&str, &str)] = &[
    ("基本编码", "CATALOGCODE"),
    ("地方基本编码", "LOCALCATALOGCODE"),
    ("事项名称", "TASKNAME"),
    ("事项类型", "TASKTYPE"),
    ("设定依据", "BYLAW"),
    ("行使层级", "USELEVEL"),
    ("事项状态", "TASKSTATE"),
    ("版本", "TASKVERSION"),
    ("主项名称", "MAINNAME"),
    ("计划生效日期", "PLANEFFECTIVEDATE"),
    ("计划取消日期", "PLANCANCELDATE"),
];

/// 目录导入时可以多带的一列：下发给哪些部门认领，信用代码用 ^ 连接。
pub const DISPATCH: &str = "DEPTCODE";

/// 实施清单 `task_general_basic` 与 `task_general_extend`，加三张子表与本平台的全文。
pub const ITEM: &[(&str, &str)] = &[
    ("业务办理项编码", "TASKHANDLEITEM"),
    ("实施编码", "TASKCODE"),
    ("基本编码", "CATALOGCODE"),
    ("地方实施编码", "LOCALTASKCODE"),
    ("事项名称", "TASKNAME"),
    ("事项类型", "TASKTYPE"),
    ("设定依据", "BYLAW"),
    ("行使层级", "USELEVEL"),
    ("权力来源", "POWERSOURCE"),
    ("事项状态", "TASKSTATE"),
    ("版本", "TASKVERSION"),
    ("实施主体", "DEPTNAME"),
    ("实施主体编码", "DEPTCODE"),
    ("实施主体性质", "DEPTTYPE"),
    ("委托部门", "ENTRUSTNAME"),
    ("法定办结时限", "ANTICIPATEDAY"),
    ("法定办结时限单位", "ANTICIPATETYPE"),
    ("法定时限说明", "ANTICIPATEEXPLAIN"),
    ("承诺办结时限", "PROMISEDAY"),
    ("承诺办结时限单位", "PROMISETYPE"),
    ("承诺时限说明", "PROMISEEXPLAIN"),
    ("受理条件", "ACCEPTCONDITION"),
    ("办理流程", "HANDLEFLOW"),
    ("是否收费", "ISFEE"),
    ("收费依据", "FEEBASIS"),
    ("服务对象", "SERVERTYPE"),
    ("办件类型", "PROJECTTYPE"),
    ("办理形式", "HANDLETYPE"),
    ("到办事现场次数", "LIMITSCENENUM"),
    ("特别程序", "SPECIALPROCEDURE"),
    ("咨询方式", "LINKWAY"),
    ("监督投诉方式", "SUPERVISEWAY"),
    ("办理地点", "TRANSACTADDR"),
    ("办理时间", "TRANSACTTIME"),
    ("计算机端在线办理跳转地址", "LINKADDR"),
    ("移动端办理地址", "MOBILETERMINALURL"),
    ("计算机端是否对接单点登录", "ISSINGLELOGIN"),
    ("移动端是否对接单点登录", "APPISSINGLELOGIN"),
    ("是否进驻政务大厅", "ISENTRYCENTER"),
    ("通办范围", "HANDLEAREA"),
    ("联办机构", "OTHERDEPT"),
    ("中介服务", "SERVICETYPE"),
    ("数量限制", "LIMITEXPLAIN"),
    ("审批结果类型", "RESULTTYPE"),
    ("审批结果名称", "RESULTNAME"),
    ("审批结果样本", "RESULTGUID"),
    ("预约办理", "ISSCHEDULE"),
    ("网上支付", "ISPAYONLINE"),
    ("物流快递", "ISEXPRESS"),
    ("自助终端", "ISSERVICETERMINALS"),
    ("是否网办", "ISONLINE"),
    ("网上办理深度", "ONLINEHANDLEDEPTH"),
    ("必须到现场原因说明", "LIMITSCENEEXPLAIN"),
    ("自然人主题", "USERTOPICTYPE"),
    ("自然人地方特色主题", "USERCHARACTERTOPICTYPE"),
    ("法人主题", "CORPTOPICTYPE"),
    ("法人地方特色主题", "CORPCHARACTERTOPICTYPE"),
    ("扩展字段", "EXTENDFIELD"),
    ("计划生效日期", "PLANEFFECTIVEDATE"),
    ("计划取消日期", "PLANCANCELDATE"),
    ("材料", "TASK_GENERAL_MATERIAL"),
    ("收费项目", "FEE_PROJECT"),
    ("常见问题", "QUESTIONS"),
    ("原主体代码", "LOCALDEPTCODE"),
    ("暂停取消说明", "NOTICE"),
    ("预计恢复日", "RESUMEDAY"),
    ("全文", "GUIDE"),
    ("全文续2", "GUIDE2"),
    ("全文续3", "GUIDE3"),
    ("全文续4", "GUIDE4"),
    ("全文续5", "GUIDE5"),
    ("全文续6", "GUIDE6"),
];

/// 全文所在的第一列。
pub const WHOLE: &str = "GUIDE";

/// 导入时不能没有的列。
pub const ITEM_NEEDED: &[&str] = &["TASKHANDLEITEM", "TASKNAME", "TASKTYPE", "DEPTCODE"];
/// 导入目录时不能没有的列。
pub const CATALOGUE_NEEDED: &[&str] = &["CATALOGCODE", "TASKNAME", "TASKTYPE", "USELEVEL"];

/// 写表格用的列：表头就是列名，全是文本，编码不变科学计数。
#[must_use]
pub fn table(columns: &'static [(&'static str, &'static str)]) -> Vec<Column> {
    columns.iter().map(|(_, code)| Column::new(*code, code, Kind::Code)).collect()
}
