"""What the service answers: programs, pages, search, map, pressure, preferences."""

from __future__ import annotations

import copy

import pytest

pytest.importorskip("fastapi", reason="pip install 'carms-lib[examples]'")


def ask(client, path, status=200, **parameters):
    answer = client.get(path, params={name: value for name, value in parameters.items() if value is not None})
    assert answer.status_code == status, answer.text
    return answer.json()


class TestPrograms:
    def test_pages_by_key_give_every_program_once_and_keep_their_filter(self, client, layers):
        program = layers.gold["program"]
        wanted = program[(program["school_province"].isin(["ON", "QC"])) & (program["discipline"] == "Psychiatry")]
        found, after, pages = [], None, 0
        while True:
            page = ask(client, "/programs", province=["ON", "QC"], discipline="Psychiatry", limit=7, after=after)
            assert len(page["items"]) <= 7
            found += [item["program_stream_id"] for item in page["items"]]
            pages, after = pages + 1, page["next_after"]
            if after is None:
                break
        assert pages == -(-len(wanted) // 7)
        assert found == sorted(wanted["program_stream_id"])

    def test_the_next_page_is_linked_with_the_filters_of_this_one(self, client):
        first = client.get("/programs", params={"province": "MB", "limit": 2})
        link = first.headers["Link"].removeprefix("<").removesuffix('>; rel="next"')
        second = client.get(link).json()
        assert {item["school_province"] for item in second["items"]} == {"MB"}
        assert second["items"][0]["program_stream_id"] > first.json()["items"][-1]["program_stream_id"]

    def test_the_page_is_capped(self, client_for, published):
        capped = client_for(published, max_page=10)
        assert len(ask(capped, "/programs", limit=10)["items"]) == 10
        assert "limit=11 is more than 10" in ask(capped, "/programs", 422, limit=11)["detail"]

    def test_a_program_is_shown_with_its_history_and_a_missing_one_is_not_there(self, client, layers):
        row = layers.gold["program"].set_index("program_stream_id").loc["27447"]
        shown = ask(client, "/programs/27447")
        assert (shown["discipline"], shown["quota"]) == (row["discipline"], row["quota"])
        assert [version["valid_to"] for version in shown["versions"]] == [None]
        assert ask(client, "/programs/99999", 404)["detail"] == "There is no program 99999."

    def test_an_unknown_name_is_answered_with_near_ones(self, client):
        told = ask(client, "/programs", 422, discipline="Pyschiatry")
        assert told["suggestions"][0] == "Psychiatry"

    def test_search_finds_in_both_languages(self, client):
        for text in ("psychiatry", "psychiatrie"):
            hits = ask(client, "/programs/search", q=text, limit=3)
            assert {hit["discipline"] for hit in hits} == {"Psychiatry"}
        assert ask(client, "/programs/search", 422, q="!!!")["detail"].startswith("text='!!!' holds no word")

    def test_disciplines_conserve_the_seats(self, client, layers):
        program = layers.gold["program"]
        country = ask(client, "/disciplines")
        assert (len(country), sum(one["seats"] for one in country)) == (37, program["quota"].sum())
        manitoba = ask(client, "/disciplines", province="MB")
        assert sum(one["seats"] for one in manitoba) == program.query("school_province == 'MB'")["quota"].sum()


class TestAnalytics:
    def test_the_map_has_every_jurisdiction_and_the_bands_of_the_study(self, client, study, layers):
        places = {place["province"]: place for place in ask(client, "/map")["places"]}
        assert len(places) == 13
        program = layers.gold["program"]
        for measured, column in (("seats", "school_province"), ("seats_at_sites", "site_province")):
            assert {p: place[measured] for p, place in places.items() if place[measured]} == dict(
                program.groupby(column)["quota"].sum()
            )
        bands = study.pressure(by="province", metric="pressure").to_frame().set_index("province")
        assert places["SK"]["pressure"]["estimate"] == pytest.approx(bands.loc["SK", "estimate"])
        assert places["NU"]["pressure"] is None

    def test_pressure_comes_highest_first_page_by_page(self, client, study):
        wanted = study.pressure(by=["province", "discipline"], metric="pressure").to_frame()
        wanted = wanted[wanted["province"] == "AB"]
        items, after = [], None
        while True:
            page = ask(
                client, "/analytics/match-pressure", by="province,discipline", province="AB", limit=9, after=after
            )
            items += page["items"]
            after = page["next_after"]
            if after is None:
                break
        assert sorted(item["cell"]["discipline"] for item in items) == sorted(wanted["discipline"])
        known = [item["estimate"] for item in items if item["estimate"] is not None]
        assert known == sorted(known, reverse=True)
        assert known == pytest.approx(sorted(wanted["estimate"].dropna(), reverse=True))

    def test_pressure_is_filtered_by_size_and_metric(self, client):
        high = ask(client, "/analytics/match-pressure", at_least=0.5)["items"]
        every = ask(client, "/analytics/match-pressure", limit=200)["items"]
        assert [item for item in every if (item["estimate"] or 0) >= 0.5] == high
        left = ask(client, "/analytics/match-pressure", by="country", metric="unfilled")["items"]
        assert [(item["metric"], item["cell"]) for item in left] == [("unfilled", {})]

    @pytest.mark.parametrize(
        ("parameters", "said"),
        [
            ({"by": "discipline", "province": "ON"}, "province cannot filter bands by discipline"),
            ({"by": "province", "province": "XX"}, "province='XX' is unknown"),
            ({"after": "999999-1"}, "is not the next_after of a page"),
            ({"metric": "luck"}, "query.metric"),
            ({"at_least": "nan"}, "query.at_least"),
        ],
    )
    def test_a_question_that_has_no_answer_is_refused(self, client, parameters, said):
        assert said in ask(client, "/analytics/match-pressure", 422, **parameters)["detail"]

    @pytest.mark.parametrize("by", ["province", "discipline"])
    def test_preferences_are_shares_of_a_class(self, client, study, by):
        items = ask(client, "/analytics/preferences", by=by, applicant_class="img")["items"]
        shares = [item["estimate"] for item in items if item["metric"] == "first_choice_share"]
        assert sum(shares) == pytest.approx(1.0)
        counted = study.outcomes(by=by, metric="first_choices").to_frame()["estimate"].sum()
        classes = study.outcomes_of("baseline").applicants["applicant_class"].unique()
        total = sum(
            item["estimate"]
            for name in classes
            for item in ask(client, "/analytics/preferences", by=by, applicant_class=name)["items"]
            if item["metric"] == "first_choices"
        )
        assert total == pytest.approx(counted)
        assert "applicant_class='dentist'" in ask(
            client, "/analytics/preferences", 422, applicant_class="dentist"
        )["detail"]  # fmt: skip


def test_an_older_page_goes_on_in_its_own_study(client_for, layers, study, tmp_path):
    from examples.api.publish import keep

    url = f"sqlite:///{tmp_path / 'two.db'}"
    keep(url, layers, study)
    client = client_for(url, cache_seconds=0)
    first = ask(client, "/analytics/match-pressure", by="province", limit=3)
    newer = copy.copy(study)
    newer.entropy = 7  # another study, as far as the warehouse can tell
    assert keep(url, layers, newer) == 2
    rest = ask(client, "/analytics/match-pressure", by="province", after=first["next_after"])
    assert (first["study"], rest["study"]) == (1, 1)
    assert len(first["items"]) + len(rest["items"]) == 8
    assert ask(client, "/analytics/match-pressure", by="province")["study"] == 2
