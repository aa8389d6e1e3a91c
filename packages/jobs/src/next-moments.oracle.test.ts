import { checkNextMoments } from "./testing/check-next-moments.ts";

// An hour more and an hour less, half an hour, two hours, and a whole day.
checkNextMoments([
  ["Europe/Berlin", "2026-03-27", "2026-04-01"],
  ["America/New_York", "2026-10-30", "2026-11-04"],
  ["Australia/Lord_Howe", "2026-04-02", "2026-04-07"],
  ["Antarctica/Troll", "2026-03-27", "2026-04-01"],
  ["Pacific/Apia", "2011-12-27", "2012-01-02"],
]);
