"""What to draw instead of what is refused, in Chinese and English."""

_SERVICE = (
    "请改用服务任务，在 camunda:topic 中写明操作",
    "draw a service task and name the operation in camunda:topic",
)
_TIMER = (
    "等待时间请画中间定时事件；等待人请画用户任务",
    "to wait for time draw a timer, to wait for a person a user task",
)
_LOOP = (
    "多人办理请用会签设置（一个用户任务），多件事项请各起一个流程",
    "for several people use one user task with countersigning, for several matters start one case each",
)

INSTEAD: dict[str, tuple[str, str]] = {
    "adHocSubProcess": ("请改画普通子流程并写明顺序", "draw a plain sub-process and its order"),
    "complexGateway": ("请改用排他网关或会办子流程", "use an exclusive gateway or an opinion block"),
    "eventBasedGateway": (
        "等待办理请画用户任务，超时请在任务边界上画定时事件",
        "draw a user task, and a boundary timer on it for the timeout",
    ),
    "manualTask": ("请改画用户任务", "draw a user task"),
    "task": ("请指明类型：由人办理画用户任务，自动执行画服务任务", "say its type: a user task or a service task"),
    "receiveTask": _TIMER,
    "sendTask": ("发送通知请画服务任务，操作 notifications.notify", "draw a service task with notifications.notify"),
    "scriptTask": (
        "计算请用决策表（业务规则任务）或条件表达式，动作请用服务任务",
        "calculate in a decision table or a condition, act in a service task",
    ),
    "transaction": ("请改画普通子流程", "draw a plain sub-process"),
    "callChoreography": ("请改画调用活动", "draw a call activity"),
    "choreographyTask": ("请改画用户任务", "draw a user task"),
    "subChoreography": ("请改画子流程", "draw a sub-process"),
    "multiInstanceLoopCharacteristics": _LOOP,
    "standardLoopCharacteristics": _LOOP,
    "message": _TIMER,
    "signal": _TIMER,
    "error": ("操作失败由管理员处理，无需画出", "failing operations go to the administrator and are not drawn"),
    "escalation": (
        "请用用户任务的 escalate_to 属性",
        "use the property escalate_to of the user task",
    ),
    "messageFlow": _SERVICE,
    "correlationProperty": _TIMER,
    "correlationKey": _TIMER,
    "dataObject": ("数据在任务编号下读取，无需数据对象", "data is read under the task's id; no data object is needed"),
    "dataObjectReference": ("数据在任务编号下读取，无需数据对象", "data is read under the task's id; remove it"),
    "dataStore": _SERVICE,
    "dataStoreReference": _SERVICE,
    "ioSpecification": ("输入请写在 camunda:inputParameter 中", "write inputs as camunda:inputParameter"),
}

EVENT_INSTEAD: dict[str, tuple[str, str]] = {
    "messageEventDefinition": _SERVICE,
    "signalEventDefinition": _SERVICE,
    "errorEventDefinition": INSTEAD["error"],
    "escalationEventDefinition": INSTEAD["escalation"],
    "conditionalEventDefinition": ("请改用网关和条件", "use a gateway with a condition"),
    "compensateEventDefinition": ("撤销动作请画成一条普通的路径", "draw what undoes it as a path of its own"),
    "cancelEventDefinition": ("请改画普通结束事件", "draw a plain end event"),
    "linkEventDefinition": ("请直接用顺序流连接", "draw a sequence flow"),
    "terminateEventDefinition": (
        "请改画普通结束事件，最后一个令牌到达时流程即结束",
        "draw a plain end event; the case ends when its last token arrives",
    ),
}

_LISTENER = (
    "通知请用服务任务，记录由系统自动完成",
    "use a service task for notices; the record is kept by itself",
)
EXTENSION_INSTEAD: dict[str, tuple[str, str]] = {
    "executionListener": _LISTENER,
    "taskListener": _LISTENER,
    "script": INSTEAD["scriptTask"],
    "connector": _SERVICE,
    "field": _SERVICE,
    "class": _SERVICE,
    "delegateExpression": _SERVICE,
    "expression": _SERVICE,
    "in": ("被调用流程直接读取调用方的数据", "a called process reads the caller's data directly"),
    "out": ("被调用流程的结果在调用活动编号下读取", "its results are read under the call activity's id"),
    "formData": ("字段请写在 forms/ 下的表单中", "write the fields in a form under forms/"),
    "formRef": ("请用 camunda:formKey", "use camunda:formKey"),
    "candidateUsers": ("请用 camunda:candidateGroups 写角色", "name a role in camunda:candidateGroups"),
    "collection": _LOOP,
    "elementVariable": _LOOP,
    "asyncBefore": ("请删除它，每一步都在提交时立即执行", "remove it; every step is done when it is submitted"),
    "asyncAfter": ("请删除它，每一步都在提交时立即执行", "remove it; every step is done when it is submitted"),
    "mapDecisionResult": ("决策表一列输出取值、多列输出取对象", "one output gives its value, several an object"),
    "followUpDate": ("提醒请用属性 remind_before", "use the property remind_before"),
    "failedJobRetryTimeCycle": ("失败由管理员处理", "failures go to the administrator"),
}
