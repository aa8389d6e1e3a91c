import { testDays } from "./test-days.ts";

// Two days and a half: until the morning on which the second worker has died.
testDays(Date.parse("2025-11-26T12:00:00Z"));
