import { BaseSequencer } from 'vitest/node'
import type { TestSpecification } from 'vitest/node'

/** Takes far longer than any other: begun late, it would keep one worker busy while the rest have nothing left to do. */
const SLOWEST = 'test/kill/kill.test.ts'

/** The runner's own order, which in a new checkout knows only the sizes of the files, but for the slowest. */
export default class SlowestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files)
    const isSlowest = ({ moduleId }: TestSpecification): boolean => moduleId.endsWith(SLOWEST)
    return [...sorted.filter(isSlowest), ...sorted.filter(file => !isSlowest(file))]
  }
}
