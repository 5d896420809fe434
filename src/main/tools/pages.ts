/** The `pages` family: what changed on a page. */
export { pageTools as pagesTools } from './pages/tools.ts'
