import { testDays } from "./test-days.ts";

// Until the morning on which the second worker has died. Comments are looked for every four hours; a whole week does it as often as the example says.
testDays(Date.parse("2025-11-26T10:00:00Z"), { checkEveryMinutes: 240 });
