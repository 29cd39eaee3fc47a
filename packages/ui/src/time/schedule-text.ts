/** When a DAG runs, on one line: cron as people write it, what has no such form in words. */
export function scheduleText({ timetable_summary: summary, timetable_description: description }: ScheduleAnswer): string {
  if (summary == null || summary === "None") return "by hand";
  const isCron = summary.startsWith("@") || /^\S+( \S+){4,6}(,|$)/u.test(summary);
  return isCron ? summary : (description ?? summary);
}

/** What is pointed out of it; null: the line says all. */
export function scheduleTip(answer: ScheduleAnswer): string | null {
  const { timetable_summary: summary, timetable_description: description } = answer;
  if (summary == null || summary === "None") return "It runs only when it is triggered";
  return description == null || description === scheduleText(answer) ? null : description;
}

interface ScheduleAnswer {
  timetable_summary?: string | null;
  timetable_description?: string | null;
}
