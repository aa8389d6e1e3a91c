import assert from "node:assert/strict";
import { test } from "node:test";
import { formatPartialDate, parsePartialDate } from "./partial-date.ts";

test("parsePartialDate() reads dates as address books write them", () => {
  for (const [text, read] of Object.entries({
    "1985-04-12": "1985-04-12",
    "19850412": "1985-04-12",
    "--04-12": "--04-12",
    "--0412": "--04-12",
    "1985-04": "1985-04",
    "1985": "1985",
    "---12": "---12",
    "1985-4-2": "1985-04-02",
    "--2-29": "--02-29",
    "1604-04-12": "--04-12",
    "0000-02-29": "--02-29",
    "2012-06-06T00:00:00Z": "2012-06-06",
    "20090808T1430-0500": "2009-08-08",
    "13/12/1985": "1985-12-13",
    "12/31/1999": "1999-12-31",
    "12.4.1985": "1985-04-12",
  })) {
    const date = parsePartialDate(text);
    assert.equal(date === undefined ? undefined : formatPartialDate(date), read, text);
  }
});

test("parsePartialDate() refuses a day that does not exist, a word, and a day and month that may be either", () => {
  for (const text of ["2001-02-29", "--1301", "circa 1800", "4/12/1985", "85-04-12", ""])
    assert.equal(parsePartialDate(text), undefined, text);
});
