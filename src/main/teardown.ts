/** What has to be undone, last first; one thing that fails to close does not keep the others open. */
export class Teardown {
  #closers: (() => void | Promise<void>)[] = []

  add(closer: () => void | Promise<void>): void {
    this.#closers.push(closer)
  }

  async run(): Promise<void> {
    const closers = this.#closers.reverse()
    this.#closers = []
    const errors: unknown[] = []
    for (const close of closers) {
      try {
        await close()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw new AggregateError(errors, 'The core did not close cleanly.')
  }
}
