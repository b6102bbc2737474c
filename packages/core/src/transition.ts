/** What a state machine answers when an event does not belong to its state: both are named. */
export class IllegalTransition extends Error {
  readonly machine: string;
  readonly status: string;
  readonly event: string;

  constructor(machine: string, status: string, event: string) {
    super(`${machine} is ${status}: it cannot take "${event}"`);
    this.name = "IllegalTransition";
    this.machine = machine;
    this.status = status;
    this.event = event;
  }
}

/** One row of a machine: the statuses an event is taken in, and the one it leads to. */
export interface Move<Status extends string> {
  readonly from: readonly Status[];
  readonly to: Status;
}

/**
 * The status that `event` leads to.
 *
 * @throws IllegalTransition naming the status and the event.
 */
export function move<Status extends string, Event extends string>(
  machine: string,
  moves: Readonly<Record<Event, Move<Status>>>,
  status: Status,
  event: Event,
): Status {
  const row = moves[event];
  if (!row.from.includes(status)) throw new IllegalTransition(machine, status, event);
  return row.to;
}
