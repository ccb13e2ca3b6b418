"""A described scenario as funnelsim objects."""

import datetime as dt

import funnelsim as fs

AS_OF = dt.date(2026, 12, 31)
BY_ONE_VALUE = ("fixed", "quantiles", "sample")


def scenario_of(description, name="described"):
    """Return the scenario; ``calendar`` and ``as_of`` may stand for its edges."""
    as_of = description.get("as_of", AS_OF)
    calendar = description.get("calendar")
    quota = description.get("quota")
    unit = description.get("unit", 1000.0)
    funnel = _funnel(description)
    return fs.Scenario(
        name=name,
        as_of=as_of,
        periods=fs.Periods(*calendar) if calendar else fs.Periods(edges=description["edges"]),
        funnel=funnel,
        pipeline=_pipeline(description, funnel.names, as_of, unit),
        quota=[one * unit for one in quota] if isinstance(quota, list) else _times(quota, unit),
        booked=description.get("booked", 0) * unit,
        market=_market(description),
        **_clock(description),
        **_new_deals(description, funnel.names, unit),
    )


def _clock(description):
    return {"clock": fs.Clock(**description["clock"])} if "clock" in description else {}


def _new_deals(description, names, unit):
    """Return the assumptions on deals that do not exist yet."""
    made = {}
    if "new" in description:
        made["new_business"] = _new_business(description["new"], names, unit)
    if "extra" in description:
        given = dict(description["extra"])
        if "units" in given:
            given["amount"] = amount_of(given.pop("units"), unit)
        given["stage"] = names[given.get("stage", 0)]
        made["required_pipeline"] = fs.RequiredPipeline(**given)
    return made


def _new_business(given, names, unit):
    same = ("dispersion", "season", "growth", "factor", "planned")
    fields = {key: given[key] for key in same if key in given}
    if "swing" in given:
        fields["market_swing"] = given["swing"]
    if "repeat" in given:
        repeat = given["repeat"]
        own = {"amount": amount_of(repeat["units"], unit)} if "units" in repeat else {}
        fields["repeat"] = fs.Repeat(repeat["mean"], time_of(repeat["delay"]), **own)
    amount = amount_of(given.get("units", 1), unit)
    return fs.NewBusiness(given["rate"], amount, stage=names[given.get("stage", 0)], **fields)


def amount_of(units, unit):
    """Return an amount: so many units, or one of several values; None stays."""
    if units is None:
        return None
    if isinstance(units, dict):
        values = [one * unit for one in units["values"]]
        return fs.Discrete(values, units["chances"])
    return units * unit


def _times(quota, unit):
    return None if quota is None else quota * unit


def time_of(time):
    """Return a time in stage: a number stays, a table becomes a distribution."""
    if not isinstance(time, dict):
        return time
    ((family, given),) = time.items()
    made = getattr(fs, family.capitalize())
    return made(given) if family in BY_ONE_VALUE else made(**given)


def _funnel(description):
    stages = description["stages"]
    if description.get("preset") == "key-account":
        return fs.Funnel.key_account(
            time=[time_of(stage["time"]) for stage in stages],
            time_if_lost=[time_of(stage.get("lost", stage["time"])) for stage in stages],
        )
    if "counts" in description:
        return fs.Funnel.from_counts(
            description["counts"], time=[time_of(stage["time"]) for stage in stages]
        )
    made = [_stage(f"stage {position}", stage) for position, stage in enumerate(stages)]
    return fs.Funnel([*made, fs.Stage("won", win_probability=1.0)])


def _stage(name, stage):
    chance = {"win": "win_probability", "conversion": "conversion"}
    given = {chance[key]: stage[key] for key in chance if key in stage}
    lost = time_of(stage["lost"]) if "lost" in stage else None
    return fs.Stage(name, time=time_of(stage["time"]), time_if_lost=lost, **given)


def _pipeline(description, names, as_of, unit):
    deals = description["deals"]
    columns = {
        "id": [f"D{number}" for number in range(len(deals))],
        "stage": [names[deal.get("stage", 0)] for deal in deals],
        "amount": [deal.get("units", 1) * unit for deal in deals],
        "age": [deal.get("age", 0.0) for deal in deals],
    }
    if any("own" in deal for deal in deals):
        columns["win_probability"] = [deal.get("own") for deal in deals]
    if any("close" in deal for deal in deals):
        columns["close_date"] = [
            as_of + dt.timedelta(days=deal["close"]) if "close" in deal else None for deal in deals
        ]
    for segment in description.get("segments", {}):
        columns[segment] = [deal[segment] for deal in deals]
    return fs.Pipeline.from_frame(columns)


def _market(description):
    fields = {
        "rho": "win_rate_correlation",
        "swing": "win_rate_swing",
        "cycle_cv": "cycle_cv",
        "amount_cv": "amount_cv",
        "segments": "segment_correlation",
        "persistence": "persistence",
    }
    given = {name: description[key] for key, name in fields.items() if key in description}
    return fs.Market(**given)
