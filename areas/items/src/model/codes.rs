//! 代码表（items §3）：一个枚举一张表，库内与接口存代码，页面显示名称。

/// 定义一张代码表：枚举、代码、名称；serde 用代码。
macro_rules! code_table {
    ($(#[$doc:meta])* $table:ident { $($name:ident $code:literal $label:literal;)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum $table { $($name,)* }

        impl $table {
            /// 全部取值，按代码升序。
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            #[must_use]
            pub const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// 给人看的名称。
            #[must_use]
            pub const fn label(self) -> &'static str {
                match self { $(Self::$name => $label,)* }
            }

            /// 由代码或名称取值；都不是时为 `None`。
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                let text = text.trim();
                Self::ALL.iter().copied().find(|value| value.code() == text || value.label() == text)
            }
        }

        impl std::fmt::Display for $table {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.label())
            }
        }

        impl serde::Serialize for $table {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.code())
            }
        }

        impl<'de> serde::Deserialize<'de> for $table {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = <String as serde::Deserialize>::deserialize(deserializer)?;
                Self::parse(&text).ok_or_else(|| {
                    serde::de::Error::custom(format!("{}：“{text}”不在代码表内", stringify!($table)))
                })
            }
        }
    };
}

code_table! {
    /// 事项类型（国标基础 A.1）。
    TaskType {
        Permit "01" "行政许可";
        Punishment "02" "行政处罚";
        Coercion "03" "行政强制";
        Levy "04" "行政征收";
        Payment "05" "行政给付";
        Inspection "06" "行政检查";
        Confirmation "07" "行政确认";
        Reward "08" "行政奖励";
        Ruling "09" "行政裁决";
        OtherPower "10" "其他行政权力";
        Service "20" "公共服务";
    }
}

impl TaskType {
    /// 依申请的六类行政权力与公共服务；其余只公开、不办件、不计指标。
    #[must_use]
    pub const fn apply_based(self) -> bool {
        !matches!(self, Self::Punishment | Self::Coercion | Self::Levy | Self::Inspection)
    }
}

code_table! {
    /// 行使层级（国标基础 A.2）。
    UseLevel {
        Nation "1" "国家级";
        Province "2" "省级";
        City "3" "市级";
        County "4" "县级";
        Town "5" "乡镇（街道）";
        Village "6" "村（社区）";
        Graded "7" "分级管理";
    }
}

impl UseLevel {
    /// 编码里的一位数字。
    #[must_use]
    pub const fn digit(self) -> u8 {
        self as u8 + 1
    }
}

code_table! {
    /// 实施主体性质（A.3）。
    DeptType {
        Statutory "1" "法定机关";
        Authorised "2" "授权组织";
        Entrusted "3" "受委托组织";
        Other "9" "其他";
    }
}

code_table! {
    /// 权力来源。
    PowerSource {
        OwnLevel "1" "法定本级行使";
        Devolved "2" "上级下放";
        AuthorisedAbove "3" "上级授权";
        AuthorisedPeer "4" "同级授权";
        EntrustedAbove "5" "上级委托";
        EntrustedPeer "6" "同级委托";
    }
}

code_table! {
    /// 服务对象。
    ServiceObject {
        Person "1" "个人";
        Company "2" "企业";
        PublicInstitution "3" "事业单位";
        SocialOrganisation "4" "社会组织";
        Unincorporated "5" "个体户和非法人企业";
        Agency "6" "行政机关";
        Other "9" "其他组织";
    }
}

code_table! {
    /// 办件类型（A.6）。
    ProjectType {
        Instant "1" "即办件";
        Promised "2" "承诺件";
        Other "9" "其他";
    }
}

code_table! {
    /// 办理形式（A.5）。
    HandleForm {
        Window "1" "窗口办理";
        Online "2" "网上办理";
        Mobile "3" "手机办理";
        Express "4" "快递申请";
        Other "9" "其他";
    }
}

code_table! {
    /// 时限单位。
    LimitUnit {
        Workday "1" "工作日";
        Day "2" "自然日";
        Hour "3" "小时";
        Minute "4" "分钟";
        Month "5" "个月";
        Year "6" "年";
    }
}

code_table! {
    /// 通办范围。
    HandleArea {
        Nation "1" "全国通办";
        Province "2" "全省通办";
        City "3" "全市通办";
        County "4" "全县通办";
        Town "5" "全镇通办";
        Village "6" "跨村（社区）通办";
    }
}

code_table! {
    /// 审批结果类型。
    ResultType {
        Nothing "00" "无";
        Licence "10" "证照";
        Document "20" "批文";
        Other "40" "其他";
    }
}

code_table! {
    /// 网上办理深度（多值）。
    OnlineStep {
        Consult "1" "互联网咨询";
        Receive "2" "网上收件";
        PreReview "3" "网上预审";
        Accept "4" "网上受理";
        Handle "5" "网上办理";
        Feedback "6" "结果信息反馈";
        ELicence "7" "电子证照反馈";
        Other "8" "其他";
    }
}

code_table! {
    /// 网办等级（由网上办理深度与到现场次数推出，见 [`online_depth`]）。
    OnlineDepth {
        None "0" "不能网办";
        Consult "1" "网上咨询";
        Apply "2" "可网上申请";
        PreReview "3" "可网上预审";
        Full "4" "全程网办";
    }
}

impl OnlineDepth {
    /// 能在网上提交（Ⅱ、Ⅲ、Ⅳ 级）。
    #[must_use]
    pub fn can_apply(self) -> bool {
        self >= Self::Apply
    }
}

/// 由网上办理深度与到现场次数推出网办等级，取满足条件的最高级（items §3.3）。
///
/// Ⅳ 要含 5 且含 6 或 7，且到场次数为 0；次数大于 0 的降为 Ⅲ。
#[must_use]
pub fn online_depth(steps: &[OnlineStep], visits: u8) -> OnlineDepth {
    let has = |step| steps.contains(&step);
    let whole = has(OnlineStep::Handle) && (has(OnlineStep::Feedback) || has(OnlineStep::ELicence));
    if whole && visits == 0 {
        OnlineDepth::Full
    } else if whole || has(OnlineStep::PreReview) || has(OnlineStep::Accept) {
        OnlineDepth::PreReview
    } else if has(OnlineStep::Receive) {
        OnlineDepth::Apply
    } else if has(OnlineStep::Consult) {
        OnlineDepth::Consult
    } else {
        OnlineDepth::None
    }
}

code_table! {
    /// 材料要原件还是复印件。
    CopyType {
        Original "1" "原件";
        Copy "2" "复印件";
        Either "3" "原件或复印件";
    }
}

code_table! {
    /// 材料是什么东西。
    MaterialClass {
        Certificate "1" "证件证书证明";
        Form "2" "申请表格文书";
        Other "3" "其他";
    }
}

code_table! {
    /// 材料形式。
    MaterialFormat {
        Paper "1" "纸质";
        Electronic "2" "电子";
        Both "3" "纸质或电子";
    }
}

code_table! {
    /// 必要性。
    Need {
        Required "1" "必要";
        Optional "2" "非必要";
        Deferrable "3" "可以后补";
    }
}

code_table! {
    /// 来源渠道。
    Source {
        Applicant "10" "自己准备";
        Government "20" "政府部门核发";
        Other "99" "其他";
    }
}

code_table! {
    /// 免提交方式（716 号令：可共享的不得要求提交）。
    Waive {
        No "0" "要提交";
        Licence "1" "电子证照调取";
        Sharing "2" "数据共享核验";
        Commitment "3" "告知承诺代替";
    }
}

code_table! {
    /// 办理地点分类。
    PlaceKind {
        ServiceCentre "1" "政务服务中心";
        DeptWindow "2" "部门服务窗口";
        Office "3" "单位办公室";
        Scene "4" "案件发生地";
        Agency "5" "代办点";
        TownCentre "6" "便民服务中心";
    }
}

code_table! {
    /// 权力属性（选用，广东字典）。
    PowerKind {
        None "0" "无";
        Local "1" "属地保留";
        OwnLevel "2" "本级保留";
        Shared "3" "共性";
        Legal "4" "法定";
        Stationed "5" "驻场办理";
        Accepted "6" "承接委托下放";
        Forwarded "7" "审核转报";
    }
}

code_table! {
    /// 咨询、投诉方式。
    ContactWay {
        Window "1" "窗口";
        Web "2" "网络";
        Phone "3" "电话";
        Letter "4" "信件";
        Email "5" "邮件";
    }
}

code_table! {
    /// 盖哪一枚章：一枚印章管审批的划转事项用审批专用章（cases §6）。
    SealMode {
        Department "1" "部门章";
        Approval "2" "行政审批专用章";
        Bureau "3" "行政审批局公章";
    }
}

/// 自然人主题分类（080 缺号）。
pub const PERSON_THEMES: &[(&str, &str)] = &[
    ("005", "生育收养"),
    ("010", "户籍办理"),
    ("015", "民族宗教"),
    ("020", "教育科研"),
    ("025", "入伍服役"),
    ("030", "就业创业"),
    ("035", "设立变更"),
    ("040", "准营准办"),
    ("045", "抵押质押"),
    ("050", "职业资格"),
    ("055", "行政缴费"),
    ("060", "婚姻登记"),
    ("065", "优待抚恤"),
    ("070", "规划建设"),
    ("075", "住房保障"),
    ("085", "社会保障"),
    ("090", "证件办理"),
    ("095", "交通出行"),
    ("100", "旅游观光"),
    ("105", "出境入境"),
    ("110", "消费维权"),
    ("115", "公共安全"),
    ("120", "司法公证"),
    ("125", "知识产权"),
    ("130", "环保绿化"),
    ("135", "文化体育"),
    ("140", "公用事业"),
    ("145", "医疗卫生"),
    ("150", "离职退休"),
    ("155", "死亡殡葬"),
    ("998", "地方特色"),
    ("999", "其他"),
];

/// 法人主题分类（080 缺号）。
pub const CORP_THEMES: &[(&str, &str)] = &[
    ("005", "设立变更"),
    ("010", "准营准办"),
    ("015", "资质认证"),
    ("020", "年检年审"),
    ("025", "税收财务"),
    ("030", "人力资源"),
    ("035", "社会保障"),
    ("040", "投资审批"),
    ("045", "融资信贷"),
    ("050", "抵押质押"),
    ("055", "商务贸易"),
    ("060", "招标拍卖"),
    ("065", "海关口岸"),
    ("070", "涉外服务"),
    ("075", "农林牧渔"),
    ("085", "国土和规划建设"),
    ("090", "交通运输"),
    ("095", "环保绿化"),
    ("100", "应对气候变化"),
    ("105", "水务气象"),
    ("110", "医疗卫生"),
    ("115", "科技创新"),
    ("120", "文体教育"),
    ("125", "知识产权"),
    ("130", "民族宗教"),
    ("135", "质量技术"),
    ("140", "检验检疫"),
    ("145", "安全生产"),
    ("150", "公安消防"),
    ("155", "司法公证"),
    ("160", "公用事业"),
    ("165", "法人注销"),
    ("170", "档案文物"),
    ("998", "地方特色"),
    ("999", "其他"),
];

/// 自然人主题的名称；不在表内为 `None`。
#[must_use]
pub fn person_theme(code: &str) -> Option<&'static str> {
    PERSON_THEMES.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

/// 法人主题的名称；不在表内为 `None`。
#[must_use]
pub fn corp_theme(code: &str) -> Option<&'static str> {
    CORP_THEMES.iter().find(|(known, _)| *known == code).map(|(_, name)| *name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use OnlineStep::{Accept, Consult, ELicence, Feedback, Handle, Receive};

    #[test]
    fn depth_is_the_highest_level_that_holds() {
        assert_eq!(online_depth(&[], 0), OnlineDepth::None);
        assert_eq!(online_depth(&[Consult], 0), OnlineDepth::Consult);
        assert_eq!(online_depth(&[Consult, Receive], 2), OnlineDepth::Apply);
        assert_eq!(online_depth(&[Receive, Accept], 1), OnlineDepth::PreReview);
        assert_eq!(online_depth(&[Receive, Accept, Handle, Feedback], 0), OnlineDepth::Full);
        assert_eq!(online_depth(&[Receive, Accept, Handle, ELicence], 0), OnlineDepth::Full);
        // 要跑一次的不得为 Ⅳ
        assert_eq!(online_depth(&[Receive, Accept, Handle, Feedback], 1), OnlineDepth::PreReview);
        // 没有结果反馈的不算全程
        assert_eq!(online_depth(&[Receive, Handle], 0), OnlineDepth::Apply);
    }

    #[test]
    fn codes_read_back_by_code_or_name() {
        for task_type in TaskType::ALL {
            assert_eq!(TaskType::parse(task_type.code()), Some(*task_type));
            assert_eq!(TaskType::parse(task_type.label()), Some(*task_type));
        }
        assert_eq!(TaskType::parse("99"), None);
        assert_eq!(UseLevel::County.digit(), 4);
        assert_eq!(serde_json::to_string(&TaskType::Service).unwrap(), "\"20\"");
        assert!(serde_json::from_str::<TaskType>("\"77\"").is_err());
    }

    #[test]
    fn apply_based_is_the_seven_kinds() {
        let codes: Vec<&str> = TaskType::ALL.iter().filter(|t| t.apply_based()).map(|t| t.code()).collect();
        assert_eq!(codes, ["01", "05", "07", "08", "09", "10", "20"]);
    }
}
