"""The routes: each reads its arguments, asks the service once, and returns what it says."""

from __future__ import annotations

from typing import Annotated, Literal

from examples.api import models
from examples.api.access import require_caller
from examples.api.errors import ServiceError
from examples.api.jobs import Jobs
from examples.api.service import Service, job_id_of
from fastapi import APIRouter, Depends, Path, Query, Request, Response

Names = Annotated[list[Annotated[str, Query(min_length=1, max_length=200)]] | None, Query(max_length=50)]
Limit = Annotated[int, Query(ge=1, le=1_000, description="Rows of a page; the operator may cap it lower.")]
ProgramId = Annotated[str, Path(pattern="^[0-9]{1,10}$")]


def service_of(request: Request) -> Service:
    service: Service = request.app.state.service
    return service


def jobs_of(request: Request) -> Jobs:
    jobs: Jobs = request.app.state.jobs
    return jobs


def within_cap(request: Request, limit: Limit = 50) -> int:
    most: int = request.app.state.settings.max_page
    if limit > most:
        raise ServiceError(422, f"limit={limit} is more than {most}, the most. Ask page by page with after.")
    return limit


Asked = Annotated[Service, Depends(service_of)]
Queue = Annotated[Jobs, Depends(jobs_of)]
Rows = Annotated[int, Depends(within_cap)]

open_to_all = APIRouter(tags=["operation"])
with_key = APIRouter(dependencies=[Depends(require_caller)])


@open_to_all.get("/health", summary="Is the process alive?")
def health() -> models.Health:
    return models.Health(status="alive")


@open_to_all.get("/ready", summary="Can it answer: is the database there, with a release and a study?")
def ready(service: Asked) -> models.Health:
    service.warehouse.releases()  # asked each time: what is cached says nothing about the database
    current = service.current()
    return models.Health(status="ready", release=current.release, study=current.study)


@with_key.get("/programs", tags=["programs"], summary="Programs by filter and text, page by page")
def list_programs(
    service: Asked,
    limit: Rows,
    response: Response,
    request: Request,
    province: Names = None,
    discipline: Names = None,
    school: Names = None,
    stream: Names = None,
    eligibility: Names = None,
    text: Annotated[str | None, Query(min_length=1, max_length=200)] = None,
    after: Annotated[str | None, Query(pattern="^[0-9]{1,10}$")] = None,
) -> models.ProgramPage:
    filters = {
        "province": province, "discipline": discipline, "school": school, "stream": stream, "eligibility": eligibility
    }  # fmt: skip
    page = service.programs(filters, text, limit, after)
    if page.next_after:
        following = request.url.include_query_params(after=page.next_after)
        response.headers["Link"] = f'<{following.path}?{following.query}>; rel="next"'
    return page


@with_key.get("/programs/search", tags=["programs"], summary="Full text in both languages, the best first")
def search_programs(
    service: Asked,
    limit: Rows,
    q: Annotated[str, Query(min_length=1, max_length=200, description='Words and "phrases in quotes"')],
    language: Literal["en", "fr"] | None = None,
) -> list[models.Hit]:
    return service.search(q, language, limit)


@with_key.get("/programs/{program_stream_id}", tags=["programs"], summary="One program with its history")
def show_program(service: Asked, program_stream_id: ProgramId) -> models.ProgramDetail:
    return service.program(program_stream_id)


@with_key.get("/disciplines", tags=["programs"], summary="Disciplines with their programs and seats")
def list_disciplines(
    service: Asked, province: Annotated[str | None, Query(max_length=2)] = None
) -> list[models.Discipline]:
    return service.disciplines(province)


@with_key.get("/map", tags=["analytics"], summary="Provinces and territories with seats and pressure")
def show_map(service: Asked) -> models.Map:
    return service.map()


@with_key.get("/analytics/match-pressure", tags=["analytics"], summary="Pressure with bands, the highest first")
def match_pressure(
    service: Asked,
    limit: Rows,
    by: models.Grouping = "discipline",
    metric: models.Metric = "pressure",
    province: Names = None,
    discipline: Names = None,
    at_least: Annotated[float | None, Query(ge=0, allow_inf_nan=False)] = None,
    after: Annotated[str | None, Query(pattern="^[0-9]{1,9}-[0-9]{1,9}$")] = None,
) -> models.BandPage:
    return service.pressure(by, metric, {"province": province, "discipline": discipline}, at_least, limit, after)


@with_key.get("/analytics/preferences", tags=["analytics"], summary="Where first choices lie, by class of applicant")
def preferences(
    service: Asked,
    by: Literal["province", "discipline"] = "discipline",
    applicant_class: Annotated[str, Query(max_length=50)] = "cmg_current",
) -> models.Preference:
    return service.preferences(by, applicant_class)


@with_key.post(
    "/scenarios",
    tags=["scenarios"],
    status_code=202,
    responses={400: {"model": models.Problem, "description": "The body is not JSON"}},
    summary="Ask what levers would change",
)
def submit_scenario(service: Asked, jobs: Queue, scenario: models.ScenarioRequest, response: Response) -> models.Job:
    service.check_scenario(scenario)
    release = service.current().release
    job = jobs.submit(job_id_of(release, scenario), scenario, release)
    response.headers["Location"] = f"/scenarios/{job.job_id}"
    return job


@with_key.get("/scenarios/{job_id}", tags=["scenarios"], summary="How a scenario stands, and its result")
def show_scenario(
    jobs: Queue, job_id: Annotated[str, Path(pattern="^[0-9a-f]{24}$")], response: Response
) -> models.Job:
    job = jobs.get(job_id)
    if job.status in {"waiting", "running"}:
        response.headers["Retry-After"] = "1"
    return job
