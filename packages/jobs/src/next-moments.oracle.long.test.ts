import { checkNextMoments } from "./testing/check-next-moments.ts";

// The other half of the changes in next-moments.oracle.test.ts, a zone without any, and Casablanca, which changes twice within weeks.
checkNextMoments([
  ["Europe/Berlin", "2026-10-23", "2026-10-28"],
  ["America/New_York", "2026-03-06", "2026-03-11"],
  ["Australia/Lord_Howe", "2026-10-01", "2026-10-06"],
  ["Asia/Kolkata", "2026-03-27", "2026-04-01"],
  ["America/Santiago", "2026-04-02", "2026-04-07"],
  ["America/Santiago", "2026-09-04", "2026-09-09"],
  ["Africa/Casablanca", "2026-02-13", "2026-02-17"],
  ["Africa/Casablanca", "2026-03-20", "2026-03-24"],
  ["Antarctica/Troll", "2026-10-23", "2026-10-28"],
]);
