/// Some rows of a batch, in the order in which they are to be taken: what a sort hands out without copying rows.
package struct RowSelection: Sendable {
  package let batch: RowBatch
  /// Indices of rows of the batch.
  package var rows: [Int32]

  package init(_ batch: RowBatch, rows: [Int32]) {
    self.batch = batch
    self.rows = rows
  }

  /// All rows of a batch, in their order.
  package init(_ batch: RowBatch) {
    self.init(batch, rows: (0..<Int32(batch.count)).map { $0 })
  }
}
