declare module 'virtual:emoji-table' {
  const table: string;
  export default table;
}
