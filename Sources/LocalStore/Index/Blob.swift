import Foundation
import GRDB

// SQLite's blobs are Data in GRDB; nothing else here needs Foundation.

extension [UInt8] {
    var blob: Data { Data(self) }

    /// Nil for what is no blob.
    static func fromBlob(_ value: DatabaseValue) -> [UInt8]? { Data.fromDatabaseValue(value).map { Array($0) } }
}
