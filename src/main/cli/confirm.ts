/** Asks whoever sits at the terminal before something that is not meant to happen by itself. */
import { createInterface } from 'node:readline/promises'
import { CommandFailed, EXIT } from './exit.ts'
import { terminal } from './terminal.ts'

export interface Confirming {
  /** What would be done, shown first. */
  text: string
  question: string
  /** What was not done, and how to do it without being asked. */
  refused: string
}

export async function confirm({ text, question, refused }: Confirming): Promise<void> {
  const failed = new CommandFailed(EXIT.usage, refused)
  if (!process.stdin.isTTY) throw failed
  terminal.err(text)
  const asked = createInterface({ input: process.stdin, output: process.stderr })
  const answer = await asked.question(`${question} (yes/no) `).finally(() => {
    asked.close()
  })
  if (!/^y(es)?$/i.test(answer.trim())) throw failed
}
