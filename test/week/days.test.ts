import { testDays } from "./test-days.ts";

// Two days and a half: until the morning on which the second worker has died. Comments are looked for every hour; a whole week does it as often as the
// example says.
testDays(Date.parse("2025-11-26T12:00:00Z"), { checkEveryMinutes: 60 });
