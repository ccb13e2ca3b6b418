"""The columns of each kind of export: which header stands for what."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

FIELDS = {
    "deal": "what the deal is called",
    "time": "when a deal came into a state",
    "stage": "the state: a stage, or won or lost",
    "from_stage": "the stage before a change",
    "amount": "the amount expected, or said at the time",
    "booked": "what a won deal brought",
    "created": "when the deal was created",
    "closed": "when the deal was won or lost (while it is open: when that is expected)",
    "won_at": "when the deal was won",
    "lost_at": "when the deal was lost",
    "outcome": "won, lost or open",
    "is_won": "whether the deal is won",
    "is_closed": "whether the deal is closed",
    "is_deleted": "whether the row was deleted",
    "probability": "the chance to win that the system gives the stage",
    "currency": "the currency of the amounts",
    "pipeline": "the pipeline that the stages belong to",
    "modified": "when the row was last changed",
    "snapshot": "the day a snapshot was taken",
    "what": "which field of the deal was changed",
    "old": "the value before a change",
    "new": "the value after a change",
}
"""What a column can be, by the name that users give it."""

DATE_ENTERED = "date entered columns"
"""What `Layout.needs` calls a column per stage with the date at which the deal came into it."""

_DEAL = (
    "deal", "dealid", "opportunityid", "opportunity", "opportunityno", "opportunitynumber",
    "oppid", "oppno", "caseid", "recordid", "id", "dealname", "opportunityname",
)  # fmt: skip
_TIME = (
    "time", "timestamp", "when", "changedat", "changedon", "changed", "changedate", "changetime",
    "dateofchange", "datetime", "eventtime", "eventdate", "date", "enteredat", "entered",
    "stageentered", "dateentered",
)  # fmt: skip
_STAGE = ("stage", "state", "newstage", "tostage", "stagename", "dealstage", "phase", "milestone")
_AMOUNT = (
    "amount", "value", "dealvalue", "dealamount", "estimatedvalue", "expectedamount",
    "amountrequested",
)  # fmt: skip
_BOOKED = (
    "booked", "bookedamount", "closevalue", "closedvalue", "actualvalue", "actualrevenue",
    "wonamount", "bookings",
)  # fmt: skip
_CREATED = (
    "created", "createddate", "createdate", "createdat", "createdon", "createdtime",
    "creationdate", "datecreated", "dealcreated", "opened", "opendate", "openeddate", "addtime",
    "submitted", "engagedate", "startdate",
)  # fmt: skip
_CLOSED = (
    "closed", "closedate", "closeddate", "closedat", "closedon", "closedtime", "dateclosed",
    "actualclosedate", "closingdate", "closetime", "decided", "enddate",
)  # fmt: skip
_OUTCOME = ("outcome", "result", "status", "dealstatus")
_MODIFIED = (
    "modified", "lastmodified", "lastmodifieddate", "modifiedat", "modifiedon", "modifiedtime",
    "updatetime", "updatedat", "lastmodifiedtime",
)  # fmt: skip
_CURRENCY = ("currency", "currencyisocode", "currencycode", "amountcurrency", "dealcurrency")
_COMMON = {
    "amount": _AMOUNT,
    "booked": _BOOKED,
    "currency": _CURRENCY,
    "pipeline": ("pipeline", "pipelinename", "dealpipeline"),
    "probability": ("probability", "winprobability"),
    "is_deleted": ("isdeleted",),
}
_ROW = {
    **_COMMON,
    "deal": _DEAL,
    "created": _CREATED,
    "closed": _CLOSED,
    "stage": _STAGE,
    "outcome": _OUTCOME,
    "is_won": ("iswon", "isclosedwon", "hsisclosedwon"),
    "is_closed": ("isclosed", "hsisclosed"),
    "won_at": ("wontime", "wonat", "wondate", "datewon"),
    "lost_at": ("losttime", "lostat", "lostdate", "datelost"),
    "modified": _MODIFIED,
}


@dataclass(frozen=True)
class Layout:
    """The columns of one kind of table.

    Parameters
    ----------
    format : str
        The name by which users ask for it; several layouts may share one.
    kind : str
        How its rows are read: ``"changes"``, ``"fields"``, ``"stage dates"``, ``"rows"`` or
        ``"snapshots"``.
    names : mapping of str to tuple of str
        For each field the headers that stand for it, the likeliest first; in small letters,
        without blanks and signs.
    needs : tuple of str
        The fields without which it cannot be read; of ``"outcome or stage"`` one is enough.
    marks : tuple of tuple of str
        Headers that only this system writes: those of one of the tuples must all be there. Plain
        tables have none.
    """

    format: str
    kind: str
    names: Mapping[str, tuple[str, ...]]
    needs: tuple[str, ...]
    marks: tuple[tuple[str, ...], ...] = field(default=())


_ROW_NEEDS = ("deal", "created", "outcome or stage or won_at")
_SALESFORCE_DEAL = ("opportunityid", "opportunity", "opportunityname")

LAYOUTS = (
    Layout(
        "salesforce",
        "changes",
        {
            **_COMMON,
            "deal": _SALESFORCE_DEAL,
            "time": ("createddate", "lastmodified", "lastmodifieddate"),
            "stage": ("stagename", "tostage"),
            "from_stage": ("fromstage",),
        },
        ("deal", "time", "stage"),
        (("opportunityid", "createddate", "stagename"),),
    ),
    Layout(
        "salesforce",
        "changes",
        {
            **_COMMON,
            "deal": _SALESFORCE_DEAL,
            "time": ("lastmodified", "lastmodifieddate", "editdate"),
            "stage": ("tostage",),
            "from_stage": ("fromstage",),
            "created": ("createddate",),
        },
        ("deal", "time", "stage"),
        (("tostage", "lastmodified"), ("tostage", "lastmodifieddate"), ("tostage", "editdate")),
    ),
    Layout(
        "salesforce-field-history",
        "fields",
        {
            "deal": _SALESFORCE_DEAL,
            "time": ("createddate", "editdate"),
            "what": ("field", "fieldevent"),
            "old": ("oldvalue",),
            "new": ("newvalue",),
            "is_deleted": ("isdeleted",),
        },
        ("deal", "time", "what", "new"),
        (("oldvalue", "newvalue", "opportunityid"), ("oldvalue", "newvalue", "opportunityname")),
    ),
    Layout(
        "hubspot",
        "stage dates",
        {
            **_COMMON,
            "deal": ("recordid", "hsobjectid", "dealid", "dealname"),
            "created": ("createdate", "hscreatedate"),
            "closed": ("closedate",),
            "stage": ("dealstage",),
            "currency": ("dealcurrencycode", "currency"),
            "is_won": ("hsisclosedwon", "isclosedwon"),
            "is_closed": ("hsisclosed", "isdealclosed", "isclosed"),
            "modified": ("hslastmodifieddate", "lastmodifieddate"),
            "probability": ("hsdealstageprobability", "dealprobability"),
        },
        ("deal", DATE_ENTERED),
        ((DATE_ENTERED,),),
    ),
    Layout(
        "pipedrive",
        "rows",
        {
            **_COMMON,
            "deal": ("dealid", "id", "dealtitle", "title"),
            "created": ("dealdealcreated", "dealcreated", "addtime"),
            "won_at": ("dealwontime", "wontime"),
            "lost_at": ("deallosttime", "losttime"),
            "closed": ("dealdealclosedon", "dealclosedon", "closetime"),
            "outcome": ("dealstatus", "status"),
            "stage": ("dealstage", "stageid", "stage"),
            "amount": ("dealvalue", "value"),
            "currency": ("dealcurrencyofvalue", "dealcurrency", "currency"),
            "pipeline": ("dealpipeline", "pipelineid", "pipeline"),
            "probability": ("dealprobability", "probability"),
            "modified": ("dealupdatetime", "updatetime"),
        },
        ("deal", "created", "outcome or won_at"),
        (("dealwontime", "deallosttime"), ("wontime", "losttime"), ("dealdealcreated",)),
    ),
    Layout(
        "pipedrive",
        "fields",
        {
            "deal": ("itemid", "dealid"),
            "time": ("logtime", "timestamp"),
            "what": ("fieldkey",),
            "old": ("oldvalue",),
            "new": ("newvalue",),
        },
        ("deal", "time", "what", "new"),
        (("fieldkey", "logtime"), ("fieldkey", "itemid")),
    ),
    Layout(
        "dynamics",
        "rows",
        {
            **_ROW,
            "deal": ("opportunityid", "donotmodifyopportunity", "topic", "name"),
            "created": ("createdon",),
            "closed": ("actualclosedate",),
            "outcome": ("statecode", "status"),
            "stage": ("stepname", "salesstage", "pipelinephase"),
            "amount": ("estimatedvalue", "estrevenue"),
            "booked": ("actualvalue", "actualrevenue"),
            "probability": ("closeprobability", "probability"),
            "currency": ("transactioncurrencyid", "currency"),
            "modified": ("modifiedon",),
        },
        ("deal", "created", "outcome"),
        (("statecode", "createdon"), ("createdon", "actualclosedate")),
    ),
    Layout(
        "dynamics",
        "changes",
        {
            **_COMMON,
            "deal": ("opportunityno",),
            "time": ("dateofchange",),
            "stage": ("salescyclestagedescription", "salescyclestage"),
            "outcome": ("actiontaken",),
            "amount": ("estimatedvaluelcy", "estimatedvalue"),
        },
        ("deal", "time", "stage"),
        (("opportunityno", "salescyclestage", "dateofchange"),),
    ),
    Layout(
        "zoho",
        "changes",
        {
            **_COMMON,
            "deal": ("dealid", "parentid", "dealname", "potentialname", "recordid"),
            "time": ("modifiedtime", "lastmodifiedtime"),
            "stage": ("stage",),
            "created": ("createdtime",),
        },
        ("deal", "time", "stage"),
        (
            ("stage", "modifiedtime", "stagedurationcalendardays"),
            ("stage", "modifiedtime", "stagedurationdays"),
            ("stage", "modifiedtime", "durationdays"),
        ),
    ),
    Layout(
        "deals",
        "rows",
        _ROW,
        _ROW_NEEDS,
    ),
    Layout(
        "stage-changes",
        "changes",
        {
            **_COMMON,
            "deal": _DEAL,
            "time": _TIME,
            "stage": (*_STAGE, "status", "outcome"),
            "from_stage": ("fromstage", "oldstage", "previousstage"),
            "created": _CREATED,
            "is_won": ("iswon",),
            "is_closed": ("isclosed",),
        },
        ("deal", "time", "stage"),
    ),
    Layout(
        "snapshots",
        "snapshots",
        {
            **_ROW,
            "snapshot": (
                "snapshot", "snapshotdate", "snapshotday", "asof", "asofdate", "reportdate",
                "extractdate", "extractiondate", "weekending", "week",
            ),
        },
        ("deal", "snapshot", "stage or outcome"),
    ),
)  # fmt: skip

FORMATS = tuple(dict.fromkeys(layout.format for layout in LAYOUTS))
