#include "sys/nft.hpp"

#include <arpa/inet.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netlink.h>
#include <sys/socket.h>

#include <cerrno>
#include <cstring>

namespace vs::sys::nft {

namespace {

constexpr std::uint16_t message_type(int message) { return static_cast<std::uint16_t>((NFNL_SUBSYS_NFTABLES << 8) | message); }

nfgenmsg header_for(unsigned char family, std::uint16_t resource) {
    return nfgenmsg{family, NFNETLINK_V0, htons(resource)};
}

nfgenmsg header_for(const Table& table) { return header_for(static_cast<unsigned char>(table.family), 0); }

void describe_element(MessageRow& row, const Table& table, const Element& element) {
    row.text(NFTA_SET_ELEM_LIST_TABLE, table.name);
    row.text(NFTA_SET_ELEM_LIST_SET, element.set);
    row.nested(NFTA_SET_ELEM_LIST_ELEMENTS, [&] {
        row.nested(NFTA_LIST_ELEM, [&] {
            row.nested(NFTA_SET_ELEM_KEY, [&] { row.attribute(NFTA_DATA_VALUE, element.key); });
            if (element.data.empty()) return;
            row.nested(NFTA_SET_ELEM_DATA, [&] { row.attribute(NFTA_DATA_VALUE, element.data); });
        });
    });
}

/// One transaction: either all of it is in force, or nothing.
struct Change {
    std::uint16_t type = 0, flags = 0;
    const Table& table;
    const std::vector<Element>& elements;
};
Result<> commit(NetlinkSocket& socket, const Change& change) {
    if (change.elements.empty()) return {};
    MessageRow row;
    row.begin(NFNL_MSG_BATCH_BEGIN, 0, bytes_of(header_for(AF_UNSPEC, NFNL_SUBSYS_NFTABLES)), "nf_tables transaction");
    for (const auto& element : change.elements) {
        // The end of a batch is answered by newer kernels only (6.10), so the last element asks for the answer.
        bool last = &element == &change.elements.back();
        auto flags = static_cast<std::uint16_t>(change.flags | (last ? NLM_F_ACK : 0));
        row.begin(message_type(change.type), flags, bytes_of(header_for(change.table)),
                  fmt::format("element of '{}' in table '{}'", element.set, change.table.name));
        describe_element(row, change.table, element);
    }
    row.begin(NFNL_MSG_BATCH_END, 0, bytes_of(header_for(AF_UNSPEC, NFNL_SUBSYS_NFTABLES)), "nf_tables transaction");
    return socket.run(row);
}

std::string_view trimmed(std::string_view text) { return text.substr(0, text.find('\0')); }

std::string_view family_name(unsigned char family) {
    return family == NFPROTO_IPV4 ? "ip" : family == NFPROTO_IPV6 ? "ip6" : family == NFPROTO_INET ? "inet" : family == NFPROTO_NETDEV ? "netdev" : "";
}

/// A chain that hangs at a hook; nullopt for the others.
struct BaseChain {
    std::string_view family, table, name, devices;
    std::uint32_t hook = 0, policy = NF_ACCEPT;
    std::int32_t priority = 0;
    [[nodiscard]] bool is_routed() const { return family == "ip" || family == "ip6" || family == "inet"; }
    [[nodiscard]] bool is_at_device() const { return family == "netdev" || (family == "inet" && hook == NF_INET_INGRESS); }
};
std::optional<BaseChain> as_base_chain(std::string_view message) {
    if (message.size() < sizeof(nfgenmsg)) return std::nullopt;
    auto attributes = attributes_behind<nfgenmsg>(message);
    auto hook = find_attribute(attributes, NFTA_CHAIN_HOOK);
    if (!hook) return std::nullopt;
    return BaseChain{family_name(static_cast<unsigned char>(message.front())),
                     trimmed(find_attribute(attributes, NFTA_CHAIN_TABLE).value_or("")),
                     trimmed(find_attribute(attributes, NFTA_CHAIN_NAME).value_or("")),
                     trimmed(find_attribute(*hook, NFTA_HOOK_DEV).value_or("")),
                     ntohl(find_number(*hook, NFTA_HOOK_HOOKNUM).value_or(~0U)),
                     ntohl(find_number(attributes, NFTA_CHAIN_POLICY).value_or(htonl(NF_ACCEPT))),
                     static_cast<std::int32_t>(ntohl(find_number(*hook, NFTA_HOOK_PRIORITY).value_or(0)))};
}

Result<> each_base_chain(NetlinkSocket& socket, const std::function<void(const BaseChain&)>& each) {
    MessageRow row;
    row.begin(message_type(NFT_MSG_GETCHAIN), NLM_F_DUMP, bytes_of(header_for(AF_UNSPEC, 0)), "list the firewall's chains");
    return socket.dump(row, [&](std::string_view message) {
        if (auto chain = as_base_chain(message)) each(*chain);
    });
}

}  // namespace

std::string concatenate(const std::vector<std::string_view>& parts) {
    std::string key;
    for (auto part : parts) {
        key += part;
        key.resize((key.size() + 3) & ~std::size_t{3});
    }
    return key;
}

Result<> add_elements(NetlinkSocket& socket, const Table& table, const std::vector<Element>& elements, IfPresent policy) {
    std::uint16_t flags = policy == IfPresent::fail ? NLM_F_CREATE | NLM_F_EXCL : NLM_F_CREATE;
    return commit(socket, {NFT_MSG_NEWSETELEM, flags, table, elements});
}

Result<> remove_elements(NetlinkSocket& socket, const Table& table, const std::vector<Element>& elements) {
    return commit(socket, {NFT_MSG_DELSETELEM, 0, table, elements});
}

Result<std::optional<std::string>> find_element(NetlinkSocket& socket, const Table& table, const Element& element) {
    MessageRow row;
    row.begin(message_type(NFT_MSG_GETSETELEM), 0, bytes_of(header_for(table)),
              fmt::format("look up an element of '{}' in table '{}'", element.set, table.name));
    describe_element(row, table, {element.set, element.key, ""});
    auto answer = socket.ask(row);
    if (!answer && answer.error().errno_value == ENOENT) return std::optional<std::string>();
    auto message = TRY(std::move(answer));
    auto list = find_attribute(attributes_behind<nfgenmsg>(message), NFTA_SET_ELEM_LIST_ELEMENTS).value_or("");
    auto found = find_attribute(list, NFTA_LIST_ELEM).value_or("");
    auto data = find_attribute(found, NFTA_SET_ELEM_DATA).value_or("");
    return std::optional(std::string(find_attribute(data, NFTA_DATA_VALUE).value_or("")));
}

Result<bool> has_set(NetlinkSocket& socket, const Table& table, std::string_view set) {
    MessageRow row;
    row.begin(message_type(NFT_MSG_GETSET), 0, bytes_of(header_for(table)), fmt::format("look for the set '{}' in table '{}'", set, table.name));
    row.text(NFTA_SET_TABLE, table.name);
    row.text(NFTA_SET_NAME, set);
    auto answer = socket.ask(row);
    if (!answer && answer.error().errno_value == ENOENT) return false;
    TRY(std::move(answer));
    return true;
}

Result<std::vector<std::string>> keys_of(NetlinkSocket& socket, const Table& table, std::string_view set) {
    MessageRow row;
    row.begin(message_type(NFT_MSG_GETSETELEM), NLM_F_DUMP, bytes_of(header_for(table)), fmt::format("list the elements of '{}' in table '{}'", set, table.name));
    row.text(NFTA_SET_ELEM_LIST_TABLE, table.name);
    row.text(NFTA_SET_ELEM_LIST_SET, set);
    std::vector<std::string> keys;
    TRY(socket.dump(row, [&](std::string_view message) {
        auto list = find_attribute(attributes_behind<nfgenmsg>(message), NFTA_SET_ELEM_LIST_ELEMENTS).value_or("");
        while (auto element = take_attribute(list)) {
            auto key = find_attribute(element->payload, NFTA_SET_ELEM_KEY).value_or("");
            keys.emplace_back(find_attribute(key, NFTA_DATA_VALUE).value_or(""));
        }
    }));
    return keys;
}

Result<std::vector<ForwardChain>> forward_chains(NetlinkSocket& socket) {
    std::vector<ForwardChain> chains;
    TRY(each_base_chain(socket, [&](const BaseChain& chain) {
        if (chain.is_routed() && chain.hook == NF_INET_FORWARD)
            chains.push_back({std::string(chain.family), std::string(chain.table), std::string(chain.name), chain.policy == NF_DROP});
    }));
    return chains;
}

Result<std::vector<std::string>> chains_before(NetlinkSocket& socket, std::int32_t priority, std::string_view ours) {
    std::vector<std::string> chains;
    TRY(each_base_chain(socket, [&](const BaseChain& chain) {
        bool is_early = chain.is_routed() && chain.hook <= NF_INET_LOCAL_IN && chain.priority <= priority && chain.table != ours;
        if (chain.is_at_device() || is_early) chains.push_back(fmt::format("{} {}/{}{}{}", chain.family, chain.table, chain.name, chain.devices.empty() ? "" : " on ", chain.devices));
    }));
    return chains;
}

}  // namespace vs::sys::nft
