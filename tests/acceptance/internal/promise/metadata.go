package promise

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// MetadataHead is how many bytes of a _metadata object say whose it is: a magic
// number, a version and, from version 2 on, the checkpoint's number, all
// big-endian (Flink's Checkpoints and MetadataV2V3SerializerBase).
const MetadataHead = 16

const metadataMagic = 0x4960672d

func metadataID(head []byte) (int64, error) {
	if len(head) < MetadataHead {
		return 0, errors.New("cut short")
	}
	if binary.BigEndian.Uint32(head) != metadataMagic {
		return 0, errors.New("not a checkpoint's metadata")
	}
	if version := binary.BigEndian.Uint32(head[4:]); version < 2 {
		return 0, fmt.Errorf("metadata version %d is not known here", version)
	}
	return int64(binary.BigEndian.Uint64(head[8:])), nil
}
