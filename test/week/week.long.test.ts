import { testDays } from "./test-days.ts";

testDays(Date.parse("2025-12-01T00:00:00Z"));
