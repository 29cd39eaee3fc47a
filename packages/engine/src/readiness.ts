/**
 * Whether anything may be waiting for dispatch, so that nobody asks the database in vain. Errs to yes only: it becomes no when a look found nothing and nothing was said since
 * that look began.
 */
export interface Readiness {
  mayHaveWork(): boolean;
  /** Something became ready, or may have. */
  noteWork(): void;
  /** Before a look; the answer is given to `noteNothing` when it found nothing. */
  beginLook(): number;
  noteNothing(look: number): void;
}

/** @param believedForMs for so long nothing is believed to wait: a notification that was lost costs no more than this */
export function createReadiness({ now, believedForMs }: { now: () => Date; believedForMs: number }): Readiness {
  let said = 1;
  let nothingSince = 0;
  let nothingAtMs = 0;
  return {
    mayHaveWork: () => said !== nothingSince || now().getTime() - nothingAtMs >= believedForMs,
    noteWork: () => void (said += 1),
    beginLook: () => said,
    noteNothing(look) {
      nothingSince = look;
      nothingAtMs = now().getTime();
    },
  };
}
