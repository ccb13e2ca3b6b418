"""The work plan: how many activities of each stage fall into each period. Plain arithmetic."""

from funnelsim.workplan.plan import Peak, WorkPlan
from funnelsim.workplan.planning import work_plan
from funnelsim.workplan.running import RunningDeals
from funnelsim.workplan.stages import PlannedStage
from funnelsim.workplan.starts import Late

__all__ = ["Late", "Peak", "PlannedStage", "RunningDeals", "WorkPlan", "work_plan"]
