// SPDX-License-Identifier: MIT
// Contract wallets of the tests. Compiled by solc 0.8.37 (optimizer on, 200 runs, EVM version paris) into
// contract-wallets.json.
pragma solidity 0.8.37;

/// Accepts the signatures of one owner (ERC-1271).
contract OwnedWallet {
    address public immutable owner;

    constructor(address owner_) {
        owner = owner_;
    }

    function isValidSignature(bytes32 hash, bytes calldata signature) external view returns (bytes4) {
        if (signature.length != 65) return 0xffffffff;
        (bytes32 r, bytes32 s) = abi.decode(signature[:64], (bytes32, bytes32));
        return ecrecover(hash, uint8(signature[64]), r, s) == owner ? bytes4(0x1626ba7e) : bytes4(0xffffffff);
    }
}

/// Deploys wallets at addresses that are known before (CREATE2), for ERC-6492.
contract WalletFactory {
    function deploy(address owner) external returns (address) {
        address wallet = addressOf(owner);
        return wallet.code.length > 0 ? wallet : address(new OwnedWallet{salt: 0}(owner));
    }

    function addressOf(address owner) public view returns (address) {
        bytes32 codeHash = keccak256(abi.encodePacked(type(OwnedWallet).creationCode, abi.encode(owner)));
        return address(uint160(uint256(keccak256(abi.encodePacked(bytes1(0xff), address(this), bytes32(0), codeHash)))));
    }
}

/// Answers in ways that are no yes.
contract OddWallet {
    uint256 private immutable way;

    constructor(uint256 way_) {
        way = way_;
    }

    function isValidSignature(bytes32, bytes calldata) external view {
        uint256 chosen = way;
        if (chosen == 1) revert("not for you");
        assembly {
            // An invalid instruction, an endless loop, a flood.
            if eq(chosen, 2) { invalid() }
            if eq(chosen, 3) { for {} 1 {} {} }
            if eq(chosen, 4) { return(0, 200000) }
            // The magic value alone in 4 bytes, at the end of 32, with other bits behind it, followed by more.
            mstore(0, shl(224, 0x1626ba7e))
            mstore(32, 1)
            if eq(chosen, 5) { return(0, 4) }
            if eq(chosen, 6) { mstore(0, 0x1626ba7e) return(0, 32) }
            if eq(chosen, 7) { mstore(0, or(shl(224, 0x1626ba7e), 1)) return(0, 32) }
            if eq(chosen, 8) { return(0, 64) }
        }
    }
}
