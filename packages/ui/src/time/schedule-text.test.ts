import { expect, it } from "vitest";
import { scheduleText, scheduleTip } from "./schedule-text.ts";

const schedule = (timetable_summary: string | null, timetable_description: string | null = null) => ({ timetable_summary, timetable_description });

it("writes cron as it is, and other timetables in words", () => {
  expect(scheduleText(schedule("0 6 * * MON-FRI", "At 06:00, Monday through Friday"))).toBe("0 6 * * MON-FRI");
  expect(scheduleText(schedule("0 9 * * *, 30 17 * * *", "At 09:00, At 17:30"))).toBe("0 9 * * *, 30 17 * * *");
  expect(scheduleText(schedule("@daily", "At 00:00"))).toBe("@daily");
  expect(scheduleText(schedule("0:15:00", "Every 15 minutes"))).toBe("Every 15 minutes");
  expect(scheduleText(schedule("Two evenings in June", "Two evenings in June"))).toBe("Two evenings in June");
  expect([scheduleText(schedule(null)), scheduleText(schedule("None", "Never, external triggers only"))]).toEqual(["by hand", "by hand"]);
});

it("explains only what does not explain itself", () => {
  expect(scheduleTip(schedule("0 6 * * *", "At 06:00"))).toBe("At 06:00");
  expect(scheduleTip(schedule("0:15:00", "Every 15 minutes"))).toBeNull();
  expect(scheduleTip(schedule("None"))).toBe("It runs only when it is triggered");
});
