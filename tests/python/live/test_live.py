"""The intensity services on recorded replies over a loopback server: nulls, holes, summer time, units, failures."""

import threading
import time
from datetime import datetime, timedelta, timezone
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from impact_tracker.factors import FactorError
from impact_tracker.factors.live import SERVICES, LiveError, history, latest
from impact_tracker.factors.live.http import Request, Transport
from impact_tracker.factors.live.points import utc_ns
from impact_tracker.footprint import carbon, carbon_over_time, marginal_carbon

REPLIES = Path(__file__).resolve().parents[2] / "data/live"
SECOND = 1_000_000_000
UTC = timezone.utc


class Server:
    """Answers every request with what the test put in; keeps what was asked."""

    def __init__(self):
        self.body, self.status, self.delay_s, self.asked = b"{}", 200, 0.0, []
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                outer.asked.append((self.path, dict(self.headers)))
                if outer.delay_s:
                    outer.released.wait(outer.delay_s)
                try:
                    self.send_response(outer.status)
                    self.send_header("Content-Length", str(len(outer.body)))
                    self.end_headers()
                    self.wfile.write(outer.body)
                except OSError:
                    pass  # the client went away, as it should in the test of its time-out

            def log_message(self, *args):
                pass

        self.released = threading.Event()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_address[1]}"

    def play(self, name):
        self.body = (REPLIES / name).read_bytes()

    def close(self):
        self.released.set()
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def server(monkeypatch):
    for name in ("http_proxy", "HTTP_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    started = Server()
    yield started
    started.close()


def ask(server, service, zone, begin, hours=4, **more):
    start = datetime.fromisoformat(begin).replace(tzinfo=UTC)
    options = {"key": "SECRET", "cache": None, "base_url": server.url, **more}
    return history(service, zone, start, start + timedelta(hours=hours), **options)


def test_electricity_maps_with_a_null(server):
    server.play("electricity_maps_range.json")
    curve = ask(server, "electricity-maps", "FR", "2025-11-21T17:00:00")
    assert list(curve.values) == [50.0, None, 58.765447504659946] and "lifecycle" in curve.method
    path, headers = server.asked[0]
    assert {k.casefold(): v for k, v in headers.items()}["auth-token"] == "SECRET" and parse_qs(urlsplit(path).query)[
        "zone"
    ] == ["FR"]


def test_ten_kilowatt_hours_of_the_latest_value(server, core):
    server.play("electricity_maps_latest.json")
    curve = ask(server, "electricity-maps", "FR", "2025-11-21T19:00:00", 1)
    begin = utc_ns("2025-11-21T19:00:00Z")
    grams = carbon_over_time([begin, begin + 3600 * SECOND], [0.0, 10 * 3.6e6], curve).carbon_g
    assert grams / 1000 == pytest.approx(0.58765, abs=5e-6)


def test_neso_takes_the_forecast_for_a_null_and_keeps_holes(server, core):
    server.play("neso.json")
    curve = ask(server, "neso", "GB", "2018-01-20T12:00:00")
    assert list(curve.values) == [263.0, 268.0, None, None, 251.0] and curve.licence == "CC-BY-4.0"
    begin = utc_ns("2018-01-20T12:00Z")
    weighed = carbon_over_time([begin, begin + 3 * 3600 * SECOND], [0.0, 3 * 3.6e6], curve)
    # 13:00 to 14:00 is held for its hour; 14:00 to 14:30 is not any more
    assert weighed.carbon_g == pytest.approx(0.5 * 263 + 0.5 * 268 + 1.0 * 268 + 0.5 * 251)
    assert weighed.partial and weighed.quality == "estimated" and "0.5 kWh" in weighed.note


def newest(server, service, zone, now, **more):
    at = datetime.fromisoformat(now).replace(tzinfo=UTC)
    return latest(service, zone, now=at, key="SECRET", cache=None, base_url=server.url, **more)


def test_the_newest_value_is_a_factor_with_its_time(server):
    server.play("neso.json")
    intensity = newest(server, "neso", "GB", "2018-01-20T14:40:00")
    assert (intensity.value, intensity.unit, intensity.quality, intensity.year) == (251.0, "g/kWh", "modelled", 2018)
    assert (
        intensity.note == "of 2018-01-20 14:30 UTC"
        and "direct" in intensity.method
        and intensity.licence == "CC-BY-4.0"
    )
    earlier = newest(server, "neso", "GB", "2018-01-20T13:50:00")  # nothing of a time to come; held for its hour
    assert earlier.value == 268.0 and earlier.quality == "modelled"
    assert newest(server, "neso", "GB", "2018-01-20T17:40:00").quality == "stale"
    with pytest.raises(LiveError, match="up to now"):
        newest(server, "neso", "GB", "2018-01-20T11:00:00")


def test_a_marginal_newest_value_enters_no_total(server):
    server.play("watttime.json")
    intensity = newest(server, "watttime", "CAISO_NORTH", "2024-07-15T00:04:00")
    assert intensity.value == pytest.approx(362.874, abs=5e-4)
    with pytest.raises(FactorError, match="marginal"):
        carbon(3.6e6, intensity=intensity)


def test_the_night_that_has_an_hour_twice(server):
    server.play("rte.json")
    curve = ask(server, "rte", "FR", "2025-10-26T00:00:00")
    steps = [(b - a) / SECOND for a, b in zip(curve.times_ns, curve.times_ns[1:])]
    assert steps == [900.0] * 3 and list(curve.values) == [18.0, 19.0, None, 21.0]
    assert "direct" in curve.method


def test_each_piece_of_a_span_is_asked_of_the_records_that_have_it():
    """A span that began before the last 30 days ends in records that only -tr has."""
    now = datetime.now(UTC)
    requests = SERVICES["rte"].requests("http://rte", "FR", now - timedelta(days=40), now, None)
    names = [request.url.split("/records")[0].rsplit("/", 1)[1] for request in requests]
    assert list(dict.fromkeys(names)) == ["eco2mix-national-cons-def", "eco2mix-national-tr"]
    assert names[0] == "eco2mix-national-cons-def" and names[-1] == "eco2mix-national-tr"


@pytest.mark.parametrize("name", sorted(SERVICES))
def test_the_pieces_of_a_span_touch_and_none_is_longer_than_the_service_answers(name):
    zone = {"neso": "GB", "rte": "FR", "entsoe": "FR", "energi-data-service": "DK1"}.get(name, "XX")
    start = datetime(2024, 1, 1, tzinfo=UTC)
    asked = []

    class Listening(type(SERVICES[name])):
        def request(self, base, place, begin, stop, key):
            asked.append((begin, stop))
            return super().request(base, place, begin, stop, key)

    end = start + timedelta(days=400, minutes=7)
    Listening().requests("http://service", zone, start, end, "SECRET")
    assert asked[0][0] == start and asked[-1][1] == end
    assert all(before[1] == after[0] for before, after in zip(asked, asked[1:]))
    assert all(stop - begin <= SERVICES[name].longest for begin, stop in asked)


def test_rtes_older_form(server):
    server.play("rte_v20.json")
    assert list(ask(server, "rte", "France", "2025-01-06T00:00:00").values) == [18.0]


def test_watttime_is_marginal_and_in_pounds(server):
    server.play("watttime.json")
    curve = ask(server, "watttime", "CAISO_NORTH", "2024-07-15T00:00:00")
    assert curve.values[0] == pytest.approx(362.874, abs=5e-4) and curve.values[1] == 0.0
    assert "marginal" in curve.method
    with pytest.raises(FactorError, match="marginal"):
        carbon_over_time([0, SECOND], [0.0, 1.0], curve)
    assert marginal_carbon  # its own function takes it, as a factor


def test_watttime_in_another_unit_is_an_error(server):
    server.play("watttime.json")
    server.body = server.body.replace(b"lbs_co2_per_mwh", b"kg_per_mwh")
    with pytest.raises(LiveError, match="kg_per_mwh"):
        ask(server, "watttime", "CAISO_NORTH", "2024-07-15T00:00:00")


def test_entsoe_weighs_the_mix_and_fills_curve_a03(server):
    server.play("entsoe.xml")
    curve = ask(server, "entsoe", "FR", "2025-01-06T00:00:00")
    nuclear, gas = 12.0, 490.0
    expected = [(300 * nuclear + 100 * gas) / 400, (300 * nuclear + 300 * gas) / 600]
    assert list(curve.values[:2]) == pytest.approx(expected)
    assert curve.values[2:] == [None, None]  # gas has holes there, of 300 MW before: no hour of nuclear alone


def generation(kind, minutes, powers, begin="00:00", end="01:00"):
    """A series of ENTSO-E; `None` in `powers` is a position without a point."""
    points = "".join(
        f"<Point><position>{place}</position><quantity>{power}</quantity></Point>"
        for place, power in enumerate(powers, 1)
        if power is not None
    )
    span = f"<timeInterval><start>2025-01-06T{begin}Z</start><end>2025-01-06T{end}Z</end></timeInterval>"
    period = f"<Period>{span}<resolution>PT{minutes}M</resolution>{points}</Period>"
    return f"<TimeSeries><MktPSRType><psrType>{kind}</psrType></MktPSRType>{period}</TimeSeries>"


@pytest.mark.parametrize(
    ("absent", "powers", "known"),
    [
        ("B04", [400, None, None, 400], False),  # half of the generation
        ("B16", [1, None, None, None], True),  # the sun at night
        ("B05", [300, None, None, 2], False),  # hard coal, while brown coal goes on
        ("B11", [None, None, None, 300], False),  # it begins to be told later
    ],
)
def test_entsoe_has_a_hole_where_a_type_is_absent_that_matters(server, absent, powers, known):
    span = {"begin": "00:00", "end": "04:00"}
    text = generation("B14", 60, [300] * 4, **span) + generation("B02", 60, [100] * 4, **span)
    text += generation(absent, 60, powers, **span)
    server.body = f"<GL_MarketDocument>{text}</GL_MarketDocument>".encode()
    values = ask(server, "entsoe", "FR", "2025-01-06T00:00:00").values
    without = (300 * 12.0 + 100 * 820.0) / 400
    for value, power in zip(values, powers):
        assert value == (pytest.approx(without) if known else None) if power is None else value is not None


def test_entsoe_of_two_resolutions_holds_the_hours_power_in_each_quarter(server):
    """Nuclear by the hour, gas by the quarter: no quarter is of gas alone."""

    text = generation("B14", 60, [300]) + generation("B04", 15, [100, 200, 300, 600])
    server.body = f"<GL_MarketDocument>{text}</GL_MarketDocument>".encode()
    curve = ask(server, "entsoe", "FR", "2025-01-06T00:00:00")
    expected = [(300 * 12.0 + gas * 490.0) / (300 + gas) for gas in (100, 200, 300, 600)]
    assert list(curve.values) == pytest.approx(expected)


def test_entsoe_without_data(server):
    server.play("entsoe_none.xml")
    with pytest.raises(LiveError, match="No matching data") as caught:
        ask(server, "entsoe", "FR", "2025-01-06T00:00:00")
    assert "SECRET" not in str(caught.value)
    server.body = b"<!DOCTYPE a [<!ENTITY b 'c'>]><a>&b;</a>"
    with pytest.raises(LiveError, match="document type"):
        ask(server, "entsoe", "FR", "2025-01-06T00:00:00")


def test_energi_data_service(server):
    server.play("energi_data_service.json")
    curve = ask(server, "energi-data-service", "DK1", "2024-02-01T10:00:00", 1)
    assert list(curve.values) == [92.5, 93.0] and curve.times_ns[0] == utc_ns("2024-02-01T10:00:00Z")


@pytest.mark.parametrize(
    ("service", "zone"),
    [("neso", "FR"), ("rte", "GB"), ("energi-data-service", "DE"), ("entsoe", "Atlantis"), ("nesso", "GB")],
)
def test_zones_and_services_that_do_not_fit(server, service, zone):
    with pytest.raises(LiveError, match=r"knows|neso"):
        ask(server, service, zone, "2024-02-01T10:00:00")
    assert server.asked == []


@pytest.mark.parametrize("service", [name for name, about in SERVICES.items() if about.needs_key])
def test_a_missing_key_is_said_before_anything_is_asked(server, service, monkeypatch):
    monkeypatch.delenv(f"IMPACT_TRACKER_{service.upper().replace('-', '_')}_KEY", raising=False)
    with pytest.raises(LiveError, match=r"IMPACT_TRACKER_.*_KEY"):
        ask(server, service, "FR", "2024-02-01T10:00:00", key=None)
    assert server.asked == []


@pytest.mark.parametrize("service", sorted(SERVICES))
@pytest.mark.parametrize(
    "body", [b"", b"<html>busy</html>", b"[]", b"{}", b'{"error": {"message": "no"}}', b'{"data": []}']
)
def test_replies_of_another_form_are_errors_never_numbers(server, service, body):
    zones = {"neso": "GB", "energi-data-service": "DK1"}
    server.body = body
    with pytest.raises(LiveError) as caught:
        ask(server, service, zones.get(service, "FR"), "2024-02-01T10:00:00")
    assert "SECRET" not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "message"), [(401, "key"), (403, "key"), (404, "known"), (429, "wait"), (500, "500")]
)
def test_http_errors_have_a_remedy_and_no_secret(server, status, message):
    server.status = status
    with pytest.raises(LiveError, match=message) as caught:
        ask(server, "entsoe", "FR", "2025-01-06T00:00:00")
    assert "SECRET" not in str(caught.value)


@pytest.mark.serial
def test_a_service_that_hangs_is_left_after_the_time_out(server):
    server.delay_s = 30.0
    begin = time.monotonic()
    with pytest.raises(LiveError):
        ask(server, "neso", "GB", "2018-01-20T12:00:00", timeout_s=0.2)
    assert time.monotonic() - begin < 5.0


def test_nobody_listens():
    with pytest.raises(LiveError):
        Transport(0.5).get(Request("http://127.0.0.1:9/x"), 0.0)
    with pytest.raises(LiveError, match="web address"):
        Transport(0.5).get(Request("file:///etc/hostname"), 0.0)


def test_the_cache_answers_without_asking_and_holds_no_key(server, tmp_path):
    server.play("neso.json")
    first = ask(server, "neso", "GB", "2018-01-20T12:00:00", cache=tmp_path)
    two = ask(server, "neso", "GB", "2018-01-20T12:00:00", cache=tmp_path)
    assert first == two and len(server.asked) == 1
    server.play("electricity_maps_range.json")
    ask(server, "electricity-maps", "FR", "2025-11-21T17:00:00", cache=tmp_path)
    assert all(b"SECRET" not in path.read_bytes() and "SECRET" not in path.name for path in tmp_path.iterdir())


def test_a_cache_that_cannot_be_written_does_no_harm(server, tmp_path):
    server.play("neso.json")
    blocked = tmp_path / "file"
    blocked.write_text("")
    assert ask(server, "neso", "GB", "2018-01-20T12:00:00", cache=blocked / "x").values[0] == 263.0


def test_long_spans_are_asked_in_pieces(server):
    server.play("neso.json")
    ask(server, "neso", "GB", "2018-01-01T00:00:00", hours=24 * 30)
    assert len(server.asked) == 3


@pytest.mark.parametrize("hours", [0, -1])
def test_a_span_must_go_forward(server, hours):
    with pytest.raises(LiveError, match="before"):
        ask(server, "neso", "GB", "2018-01-20T12:00:00", hours=hours)
    with pytest.raises(LiveError, match="zone"):
        history("neso", "GB", datetime(2018, 1, 1), datetime(2018, 1, 2))


@pytest.mark.parametrize(
    ("stamp", "seconds"),
    [
        ("1970-01-01T00:00Z", 0),
        ("1970-01-01T01:00:00+01:00", 0),
        ("1970-01-01T00:00:01.5Z", 2),
        ("1970-01-01T00:01:00", 60),
        ("1970-01-01T00:00:00.1234567Z", 0),
    ],
)
def test_times(stamp, seconds):
    assert utc_ns(stamp) == seconds * SECOND


def test_no_time():
    with pytest.raises(LiveError, match="no time"):
        utc_ns("yesterday")
