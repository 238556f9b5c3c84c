/** A call under way: what is to be done if it has no answer in time. */
interface Pending {
  /** On the clock of `performance.now`, ms. */
  readonly deadline: number;
  readonly expire: () => void;
}

/**
 * The deadlines of a connection's calls, with one timer for all. A timer for each call would be set and cleared at every call and nearly
 * never come; this one is set again only when it comes, and then knows who is next. It keeps no process alive: the connection does.
 */
export class CallDeadlines {
  readonly #pending = new Set<Pending>();
  #timer: NodeJS.Timeout | undefined;
  #setFor = Infinity;

  /** Calls `expire` at the deadline or a little later. @returns ends the wait: the call is over */
  add(deadline: number, expire: () => void): () => void {
    const pending = { deadline, expire };
    this.#pending.add(pending);
    if (deadline < this.#setFor) this.#set(deadline);
    return () => void this.#pending.delete(pending);
  }

  #set(deadline: number): void {
    clearTimeout(this.#timer);
    this.#setFor = deadline;
    this.#timer = setTimeout(() => this.#come(), deadline - performance.now()).unref();
  }

  #come(): void {
    this.#setFor = Infinity;
    const now = performance.now();
    // Node's timers count whole milliseconds, and may come that much early.
    for (const pending of [...this.#pending])
      if (pending.deadline - now < 1 && this.#pending.delete(pending)) pending.expire();
    for (const { deadline } of this.#pending) if (deadline < this.#setFor) this.#set(deadline);
  }
}
