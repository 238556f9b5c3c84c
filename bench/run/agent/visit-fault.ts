import type { VisitedMessage } from "./protocol.ts";

/** Why a visit ends early: thrown by its parts, and made a message of by the worker. */
export class VisitFault extends Error {
  readonly error: NonNullable<VisitedMessage["error"]>;

  /** @param opening whether there was no connection yet */
  constructor(code: string, message: string, opening: boolean) {
    super(message);
    this.error = { code, message, opening };
  }
}
