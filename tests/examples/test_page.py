"""The web page in a real browser: the key, the map, the table, a telephone."""

from __future__ import annotations

import pytest

pytest.importorskip("selenium", reason="pip install 'carms-lib[examples]'")
pytest.importorskip("fastapi", reason="pip install 'carms-lib[examples]'")

from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

pytestmark = pytest.mark.browser

KEY = "a key that only the tests know, long enough"


def wait(browser, condition):
    return WebDriverWait(browser, 10).until(condition)


def rows(browser):
    """The first column, read in one go: a row that is replaced meanwhile cannot break it."""
    return browser.execute_script("return [...document.querySelectorAll('#rows tr')].map(r => r.cells[0].textContent)")


def tile(browser, province):
    return browser.find_element(By.CSS_SELECTOR, f"#map button[data-province={province}]")


@pytest.fixture
def page(browser, site):
    """The page with its door opened, at the width of a desk."""
    browser.set_window_size(1280, 900)
    browser.get(site)
    browser.execute_script("sessionStorage.setItem('key', arguments[0])", KEY)
    browser.get(site)
    wait(browser, lambda _: rows(browser))
    return browser


def test_the_page_asks_for_a_key_and_refuses_a_wrong_one(browser, site):
    browser.get(site)
    browser.execute_script("sessionStorage.clear()")
    browser.get(site)
    field = browser.find_element(By.ID, "key")
    assert field.is_displayed()
    field.send_keys("a guess")
    field.submit()
    wait(browser, lambda _: "not known" in browser.find_element(By.ID, "refused").text)
    assert not browser.find_element(By.ID, "answer").is_displayed()
    field.send_keys(KEY)
    field.submit()
    wait(browser, lambda _: rows(browser))
    assert not browser.find_element(By.ID, "door").is_displayed()


def test_the_map_shows_every_province_and_the_table_what_the_service_says(page, client):
    tiles = page.find_elements(By.CSS_SELECTOR, "#map button")
    assert len(tiles) == 13
    assert not tile(page, "NU").is_enabled()
    places = {place["province"]: place for place in client.get("/map").json()["places"]}
    assert f"{places['ON']['pressure']['estimate']:.0%}".replace("%", " %") in tile(page, "ON").text
    told = client.get("/analytics/match-pressure?limit=25").json()
    assert rows(page) == [item["cell"]["discipline"] for item in told["items"]]
    assert "400 simulated matches" in page.find_element(By.ID, "about").text


def test_a_province_is_chosen_on_the_map_and_left_again(page, client):
    nation = rows(page)
    tile(page, "NL").click()
    told = client.get("/analytics/match-pressure?by=province,discipline&province=NL").json()["items"]
    wait(page, lambda _: len(rows(page)) == len(told))
    assert page.find_element(By.ID, "table-title").text.endswith("Newfoundland and Labrador")
    assert tile(page, "NL").get_attribute("aria-pressed") == "true"
    tile(page, "NL").click()
    wait(page, lambda _: rows(page) == nation)


def test_more_rows_follow_by_key(page, client):
    page.find_element(By.ID, "more").click()
    wait(page, lambda _: len(rows(page)) == 37)
    assert not page.find_element(By.ID, "more").is_displayed()
    assert len(set(rows(page))) == 37


@pytest.mark.parametrize("width", [1280, 390])
def test_nothing_overflows_and_nothing_is_fetched_from_elsewhere(page, site, width):
    page.execute_cdp_cmd(
        "Emulation.setDeviceMetricsOverride", {"width": width, "height": 844, "deviceScaleFactor": 1, "mobile": False}
    )
    try:
        assert page.execute_script("return document.documentElement.scrollWidth") <= width
        assert page.find_element(By.ID, "map").rect["width"] <= width
    finally:
        page.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    fetched = page.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert fetched
    assert all(address.startswith(site) for address in fetched)
    assert [
        line for line in page.get_log("browser") if line["level"] == "SEVERE" and "401" not in line["message"]
    ] == []
