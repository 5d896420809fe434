/** The `feeds` family: feeds as they are, and what is new in them. */
export { feedTools as feedsTools } from './feeds/tools.ts'
