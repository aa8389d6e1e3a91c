import assert from "node:assert/strict";
import { test } from "node:test";
import { isHeartbeatFileEmpty } from "./is-heartbeat-file-empty.ts";

const empty = [
  "",
  "   \n\t\n",
  "# HEARTBEAT.md",
  "# A\n\n## B\n",
  "#",
  "<!-- keep this file -->",
  "<!-- several\nlines\nof it -->\n# Title",
  "<!-- never closed\n- [ ] hidden",
  "```\n```",
  "~~~\n~~~",
  "- [ ]",
  "- [x]",
  "- []",
  "-",
  "* ",
  "+\n- [ ]\n",
  "\uFEFF# Title",
  "# Title\r\n\r\n- [ ]\r\n",
  "# Tasks\n\n```markdown\n- [ ]\n```\n",
];
const full = [
  "Check mail",
  "- check mail",
  "- [ ] check mail",
  "#hashtag",
  "# Title\n\nCheck mail",
  "1. check mail",
  "<!-- note -->\ncheck mail",
  "```\ncheck mail\n```",
  "> quote",
  "---x",
];

for (const content of empty)
  test(`isHeartbeatFileEmpty() is true for ${JSON.stringify(content)}`, () =>
    assert.equal(isHeartbeatFileEmpty(content), true));
for (const content of full)
  test(`isHeartbeatFileEmpty() is false for ${JSON.stringify(content)}`, () =>
    assert.equal(isHeartbeatFileEmpty(content), false));
test("isHeartbeatFileEmpty() is false for a missing file", () => assert.equal(isHeartbeatFileEmpty(undefined), false));
