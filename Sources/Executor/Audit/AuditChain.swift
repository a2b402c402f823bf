import CSystemSupport
import Glibc
import SystemPackage
import SystemSupport

/// The newest file and the newest position, as one process sees them. All of it happens under the lock of the directory, which
/// other processes take as well: what they appended meanwhile is found by the file's size, and that they began a new file by the
/// mode of the old, which loses its write bit first.
struct AuditChain: ~Copyable {
    let directory: AuditDirectory
    let settings: AuditSettings
    private let lock: OwnedFile
    private var head: OwnedFile?
    private var file: OwnedFile?
    private var size: Int64 = 0
    /// Room is allocated in the file up to here.
    private var reservedEnd: Int64 = 0
    private(set) var position = AuditPosition.origin
    /// What was put right since the last record; the next one says it.
    private var mended: [String] = []

    init(_ directory: AuditDirectory, _ settings: AuditSettings) throws(SystemError) {
        self.directory = directory
        self.settings = settings
        guard let (lock, _) = try directory.open(AuditDirectory.lockName, O_RDWR | O_CREAT) else {
            throw SystemError("open", "\(directory.path)/\(AuditDirectory.lockName)", .noSuchFileOrDirectory)
        }
        self.lock = lock
    }

    // MARK: - The lock

    /// Without waiting; false where another process has it.
    borrowing func take() throws(SystemError) -> Bool {
        try lock.descriptor.tryLock(object: lock.path)
    }

    borrowing func giveBack() { flock(lock.descriptor.raw, LOCK_UN) }

    // MARK: - Under the lock

    /// Looks what others did meanwhile.
    mutating func refresh() throws(SystemError) {
        if let file {
            let status = try file.status()
            if status.st_nlink > 0 && status.st_mode & S_IWUSR != 0 && Int64(status.st_size) == size { return }
        }
        file = nil
        try open()
    }

    /// Opens the newest file and finds where the chain ended. Cuts off what a crash left.
    private mutating func open() throws(SystemError) {
        var names = try directory.lineFiles()
        position = .origin
        size = 0
        reservedEnd = 0
        while let (name, _) = names.popLast() {
            guard let (opened, status) = try directory.open(name, O_RDWR) else { continue }
            let tail = try AuditTail.read(opened, size: Int64(status.st_size))
            if tail.excess > 0 { mended.append(try tail.mend(opened, in: directory)) }
            if let found = tail.position {
                position = found
                size = tail.end
                if status.st_mode & S_IWUSR != 0 { file = opened }
                break
            }
            // Made by somebody who died before the first line.
            try directory.remove(name)
        }
        try consultHead()
    }

    /// Where the files lack what the head says was there, the chain goes on from the head: the gap stays to be seen.
    private mutating func consultHead() throws(SystemError) {
        if head == nil {
            // Made and written at the first append; until then its absence says that there is none.
            head = try directory.open(AuditDirectory.headName, O_RDWR)?.file
        }
        switch try AuditHead.read(in: directory) {
        case .absent: if position.sequence > 0 { note(AuditHead.gone) }
        case .unreadable: note(AuditHead.unreadable)
        case .position(let known) where known.sequence > position.sequence:
            note("records \(position.sequence + 1) to \(known.sequence) were gone")
            position = known
        case .position(let known) where known.sequence == position.sequence && known.hash != position.hash:
            note("record \(known.sequence) was not as it was written")
            position = known
        case .position: break
        }
    }

    private mutating func note(_ text: String) {
        if !mended.contains(text) { mended.append(text) }
    }

    /// Appends the lines of `entries`, in order, with one write(2). All or none.
    ///
    /// - Returns: their positions, and the file that is to be synced.
    mutating func append(_ entries: [AuditEntry]) throws(SystemError) -> (positions: [AuditPosition], file: OwnedFile) {
        let room = reservedEnd - size
        if size >= settings.rotateBytes { try seal() }
        let file: OwnedFile
        if let known = self.file {
            file = known
        } else {
            file = try begin()
            // The runs under way keep their room in the new file. Where it is gone meanwhile, this record may still fit.
            if room > 0 { try? reserve(room) }
        }
        var bytes: [UInt8] = []
        var positions: [AuditPosition] = []
        var last = position
        var mended = mended.isEmpty ? nil : mended.joined(separator: "; ")
        for entry in entries {
            let line = entry.line(last.sequence + 1, following: last.hash, mended: mended)
            last = AuditPosition(sequence: last.sequence + 1, hash: SHA256.hex(SHA256.digest(line)))
            positions.append(last)
            bytes += line
            bytes.append(UInt8(ascii: "\n"))
            mended = nil
        }
        do { try file.write(bytes, at: size) } catch {
            // Half a line would be mended by the next, but need not be there at all.
            if let status = try? file.status(), Int64(status.st_size) > size {
                // What was reserved behind goes with it.
                reservedEnd = 0
                try? file.truncate(to: size)
                if room > 0 { try? reserve(room) }
            }
            throw error
        }
        size += Int64(bytes.count)
        position = last
        self.mended = []
        return (positions, file)
    }

    /// Brings the head forward to `newest`. Another process may have brought it farther already.
    mutating func advanceHead(to newest: AuditPosition) throws(SystemError) {
        let known = try AuditHead.read(in: directory).position
        if let known, known.sequence >= newest.sequence { return }
        if head == nil { head = try directory.open(AuditDirectory.headName, O_RDWR | O_CREAT)?.file }
        try head?.write(AuditHead.bytes(newest), at: 0)
    }

    /// Ends the newest file: the next line begins another.
    private mutating func seal() throws(SystemError) {
        guard let file else { return }
        // What was reserved behind its end goes back: ext4 and xfs do so for the one call, tmpfs for the other.
        reservedEnd = 0
        try file.truncate(to: size)
        _ = csys_release_beyond(file.descriptor.raw, Int64(size))
        if settings.sync == .always { try file.sync() }
        try file.setMode(0o400)
        self.file = nil
    }

    private mutating func begin() throws(SystemError) -> OwnedFile {
        if position == .origin { try beginHead() }
        let name = AuditDirectory.fileName(first: position.sequence + 1)
        guard let (made, status) = try directory.open(name, O_RDWR | O_CREAT) else {
            throw SystemError("make", "\(directory.path)/\(name)", .noSuchFileOrDirectory)
        }
        // Empty, or made by somebody who died before the first line; no line of this number can be in it.
        if status.st_size > 0 { throw SystemError("begin", made.path, .fileExists) }
        if settings.sync == .always { try directory.sync() }
        file = made
        size = 0
        reservedEnd = 0
        return made
    }

    /// The head stands before the first line, so that one without a head is never what a crash left.
    private mutating func beginHead() throws(SystemError) {
        guard try AuditHead.read(in: directory) == .absent else { return }
        guard let (made, _) = try directory.open(AuditDirectory.headName, O_RDWR | O_CREAT) else { return }
        try made.write(AuditHead.bytes(.origin), at: 0)
        // The directory is synced for the file of lines, which comes next.
        if settings.sync == .always { try made.sync() }
        head = made
    }

    /// Allocates room for `bytes` more behind the newest line, where there is less.
    mutating func reserve(_ bytes: Int64) throws(SystemError) {
        if size + bytes <= reservedEnd { return }
        let file = if let file { file } else { try begin() }
        do throws(SystemError) {
            try systemCall("reserve \(bytes) bytes in", file.path) {
                csys_fallocate_beyond(file.descriptor.raw, Int64(size), Int64(bytes))
            }
            reservedEnd = size + bytes
        } catch {
            if error.errno != .notSupported && error.errno != .noFunction { throw error }
            // A file system that cannot reserve: what is free now is all that can be known.
            var information = statvfs()
            try systemCall("look at the file system of", file.path) {
                fstatvfs(file.descriptor.raw, &information) == 0 ? 0 : -Int(errno)
            }
            let free = Int64(clamping: information.f_bavail).multipliedReportingOverflow(
                by: Int64(clamping: information.f_frsize))
            if !free.overflow && free.partialValue < bytes { throw SystemError("find room in", file.path, .noSpace) }
        }
    }

    /// Whether ``reserve(_:)`` would have nothing to do. Without the lock: what others appended is seen by the file's size.
    borrowing func hasRoom(_ bytes: Int64) -> Bool {
        guard let file, let status = try? file.status(), status.st_mode & S_IWUSR != 0, status.st_nlink > 0 else {
            return false
        }
        return Int64(status.st_size) + bytes <= reservedEnd
    }
}
