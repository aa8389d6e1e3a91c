import { testDays } from "./test-days.ts";

// Until the first worker has died and been followed. Comments are looked for every four hours; a whole week does it as often as the example says.
testDays(Date.parse("2025-11-24T13:00:00Z"), { checkEveryMinutes: 240 });
